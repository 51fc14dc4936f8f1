"""`lathe down`, and whoever else looks for the process that runs: on state folders that are not as they should be."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.testing import CliRunner

from cli import down
from cli.main import app
from cli.stack.errors import StackError
from cli.stack.home import Home, lock, open_home, running_pid

NOBODY = 65534
PROJECT = Path(__file__).parents[2]
RUNS = """
import signal, sys
from pathlib import Path
from cli.stack.home import lock, open_home
if "--stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = lock(open_home(Path(sys.argv[1])))
print("runs", flush=True)
signal.pause()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATHE_HOME", str(tmp_path / "home"))
    for name in ("LATHE_KAFKA_URL", "LATHE_POSTGRES_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Home(tmp_path / "home")


@contextmanager
def one_that_runs(home: Home, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUNS, str(home.path), *options], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "runs\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def without_roots_rights() -> Iterator[None]:
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


def test_it_stops_what_runs(home: Home) -> None:
    with one_that_runs(home) as process:
        done = CliRunner().invoke(app, ["down"])
        assert (done.exit_code, done.output) == (0, "Lathe has stopped.\n")
        assert process.wait(10) == -signal.SIGTERM


def test_it_tells_that_it_had_to_kill(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(down, "PATIENCE_SECONDS", 0.5)
    with one_that_runs(home, "--stubborn") as process:
        done = CliRunner().invoke(app, ["down"])
        assert (done.exit_code, done.output) == (1, "Lathe did not stop within 0.5 s and was killed.\n")
        assert process.wait(10) == -signal.SIGKILL


def test_it_makes_no_demands_on_a_folder_where_nothing_runs(home: Home) -> None:
    assert CliRunner().invoke(app, ["down"]).output == "Lathe does not run.\n"
    assert not home.path.exists()
    open_home(home.path).version_file.write_text("of another version\n")
    done = CliRunner().invoke(app, ["down"])
    assert (done.exit_code, done.output) == (0, "Lathe does not run.\n")


@pytest.mark.parametrize("command", [["down"], ["ops", "lag"], ["events", "tail"], ["ops", "restore", "."]])
def test_a_state_folder_that_is_a_file_is_named(home: Home, command: list[str]) -> None:
    home.path.write_text("")
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert f"{home.path} cannot be read (Not a directory)" in done.output
    assert "LATHE_HOME" in done.output


def test_somebody_elses_folder_is_named(home: Home) -> None:
    open_home(home.path).path.chmod(0)
    with without_roots_rights(), pytest.raises(StackError, match=r"cannot be read \(Permission denied\)"):
        running_pid(home)


def test_whoever_may_only_read_sees_that_it_runs() -> None:
    """As on a disk that was mounted read-only meanwhile."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = open_home(Path(folder) / "home")
        home.path.chmod(0o755)
        with lock(home):
            (home.run / "lock").chmod(0o444)
            with without_roots_rights():
                assert running_pid(home) == os.getpid()
        assert running_pid(home) is None
