"""`lathe generate` and its kin against a real HTTP server."""

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import results
from cli.client.tokens import TokenFile
from cli.main import app
from tests.cli.server import GLB, Server


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)
    for name in ("LATHE_TOKEN", "LATHE_USER", "LATHE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with Server().serve() as server:
        monkeypatch.setenv("LATHE_URL", server.url)
        yield server


def lathe(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def logged_in(server: Server) -> None:
    assert lathe("login", "ada", "--password", "correct horse").exit_code == 0


def test_without_a_login_nothing_is_asked_of_the_server(server: Server) -> None:
    result = lathe("generate", "a blue mug", "-o", "mug.glb")
    assert result.exit_code == 3
    assert "lathe login" in result.stderr
    assert not server.tasks


def test_a_login_is_kept_in_a_file_that_nobody_else_can_read(server: Server) -> None:
    assert lathe("register", "bob", "--password", "hunter22").exit_code == 0
    path = TokenFile().path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "hunter22" not in path.read_text()
    assert server.users["bob"] == "hunter22"
    assert lathe("logout").exit_code == 0
    assert json.loads(path.read_text()) == {}
    assert not server.refresh_tokens


@pytest.mark.parametrize(
    ("command", "exit_code", "words"),
    [
        (("login", "ada", "--password", "wrong"), 3, "wrong"),
        (("register", "ada", "--password", "correct horse"), 3, "taken"),
        (("login",), 3, "LATHE_USER"),
    ],
)
def test_a_login_that_fails_says_why(server: Server, command: tuple[str, ...], exit_code: int, words: str) -> None:
    result = lathe(*command)
    assert result.exit_code == exit_code
    assert words in result.stderr
    assert not TokenFile().path.exists()


@pytest.mark.usefixtures("logged_in")
def test_from_a_prompt_to_a_file(server: Server) -> None:
    result = lathe(
        "generate", "a blue mug", "-o", "mug.glb", "--seed", "7", "--param", "handles=2", "--param", "note=x"
    )
    assert result.exit_code == 0, result.stderr
    assert Path("mug.glb").read_bytes() == GLB
    assert result.stdout == "mug.glb\n"
    assert "1,234 faces" in result.stderr
    assert "80 x 95 x 80 mm" in result.stderr
    assert "Not used: very" in result.stderr
    (task,) = server.tasks.values()
    params = {"formats": ["glb"], "seed": 7, "handles": 2, "note": "x"}
    assert task["asked"] == {"prompt": "a blue mug", "params": params}
    assert [p.name for p in Path().iterdir() if p.is_file()] == ["mug.glb"]


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize(
    ("file", "form"),
    [("mug.fbx", "fbx"), ("MUG.STL", "stl"), ("mug.zip", "obj"), ("mug.3mf", "3mf"), ("mug.usdz", "usdz")],
)
def test_the_ending_of_the_result_file_decides_the_format(server: Server, file: str, form: str) -> None:
    result = lathe("generate", "a blue mug", "-o", file)
    assert (result.exit_code, result.stdout) == (0, f"{file}\n"), result.stderr
    (task,) = server.tasks.values()
    assert task["asked"]["params"] == {"formats": [form]}
    assert Path(file).read_bytes() == GLB  # what this server hands out for any format


@pytest.mark.usefixtures("logged_in")
def test_from_a_photo(server: Server) -> None:
    Path("cat.png").write_bytes(b"pixels")
    result = lathe("generate", "--image", "cat.png", "--model", "lathe/relief", "-q")
    assert (result.exit_code, result.stdout) == (0, "cat.glb\n"), result.stderr
    assert result.stderr == ""
    ((file_id, content),) = server.uploads.items()
    assert content == b"pixels"
    (task,) = server.tasks.values()
    assert task["asked"] == {"image_file_id": file_id, "model": "lathe/relief", "params": {"formats": ["glb"]}}


def test_a_user_and_a_password_in_the_environment_are_enough(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATHE_USER", "ada")
    monkeypatch.setenv("LATHE_PASSWORD", "correct horse")
    assert lathe("generate", "a mug").exit_code == 0
    assert Path("a-mug.glb").exists()


def test_a_token_in_the_environment_is_enough(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.tokens["fixed"] = "ada"
    monkeypatch.setenv("LATHE_TOKEN", "fixed")
    assert lathe("generate", "a mug").exit_code == 0
    monkeypatch.setenv("LATHE_TOKEN", "another")
    result = lathe("generate", "a mug", "-f")
    assert result.exit_code == 3
    assert "LATHE_TOKEN" in result.stderr


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a mug", "-o", "there.glb"), "-f replaces it"),
        (("a mug", "-o", "nowhere/mug.glb"), "no folder"),
        (("a mug", "-o", "mug.obj"), "mug.zip"),
        (("a mug", "-o", "mug.xyz"), "tells no format"),
        (("a mug", "--format", "dwg"), "--format is one of"),
        (("a mug", "--param", "handles"), "name=value"),
        ((), "Give a prompt or --image"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_asked(
    server: Server, arguments: tuple[str, ...], words: str
) -> None:
    Path("there.glb").write_text("mine")
    result = lathe("generate", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not server.tasks
    assert Path("there.glb").read_text() == "mine"


@pytest.mark.usefixtures("logged_in")
def test_force_replaces_a_file(server: Server) -> None:
    Path("mug.glb").write_text("old")
    assert lathe("generate", "a mug", "-o", "mug.glb", "-f").exit_code == 0
    assert Path("mug.glb").read_bytes() == GLB


@pytest.mark.usefixtures("logged_in")
def test_a_request_whose_outcome_is_open_is_repeated_with_one_key(server: Server) -> None:
    server.statuses = [503, 504]
    assert lathe("generate", "a mug", "-q").exit_code == 0
    keys = [headers["idempotency-key"] for method, path, headers in server.requests if path == "/generate"]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len(server.tasks) == 1


@pytest.mark.usefixtures("logged_in")
def test_a_broken_stream_goes_on_where_it_broke_off(server: Server) -> None:
    server.break_streams = 2
    result = lathe("generate", "a mug")
    assert result.exit_code == 0, result.stderr
    ids = [headers.get("last-event-id") for _, path, headers in server.requests if path.endswith("/events")]
    assert ids == [None, "2", "2"]
    assert result.stderr.count("working") == 1


@pytest.mark.usefixtures("logged_in")
def test_an_old_access_token_is_exchanged_without_a_word(server: Server) -> None:
    server.tokens.clear()
    assert lathe("generate", "a mug", "-q").exit_code == 0
    assert sum(path == "/auth/refresh" for _, path, _ in server.requests) == 1
    login = TokenFile().load(server.url)
    assert login is not None
    assert login.access_token in server.tokens


@pytest.mark.usefixtures("logged_in")
def test_a_session_that_ended_is_forgotten(server: Server) -> None:
    server.tokens.clear()
    server.refresh_tokens.clear()
    result = lathe("generate", "a mug")
    assert result.exit_code == 3
    assert "lathe login" in result.stderr
    assert TokenFile().load(server.url) is None


@pytest.mark.usefixtures("logged_in")
def test_a_failed_task_says_why_and_that_it_cost_nothing(server: Server) -> None:
    server.fail_with = {"code": "not-understood", "kind": "bad-input", "detail": "I do not know what a flurb is."}
    result = lathe("generate", "a flurb", "-o", "flurb.glb")
    assert result.exit_code == 1
    assert "I do not know what a flurb is." in result.stderr
    assert "Nothing was charged." in result.stderr
    assert not Path("flurb.glb").exists()


@pytest.mark.usefixtures("logged_in")
def test_a_refusal_is_told_in_full(server: Server) -> None:
    server.refuse_with = (402, {"balance": 0.5, "price": 1})
    result = lathe("generate", "a mug")
    assert result.exit_code == 4
    assert "You have 0.5 credits; it costs 1." in result.stderr
    server.refuse_with = (422, {"errors": [{"pointer": "/params/handles", "detail": "at most 2"}]})
    result = lathe("generate", "a mug")
    assert "/params/handles: at most 2" in result.stderr
    assert "r-1" in result.stderr


@pytest.mark.usefixtures("logged_in")
def test_a_damaged_download_is_repeated(server: Server) -> None:
    server.damaged = 2
    assert lathe("generate", "a mug", "-o", "mug.glb").exit_code == 0
    assert Path("mug.glb").read_bytes() == GLB
    server.damaged = 3
    result = lathe("generate", "a mug", "-o", "mug2.glb")
    assert result.exit_code == 5
    assert "lathe follow" in result.stderr
    assert sorted(p.name for p in Path().iterdir() if p.is_file()) == ["mug.glb"]


@pytest.mark.usefixtures("logged_in")
def test_a_task_can_be_followed_later(server: Server) -> None:
    assert lathe("generate", "a mug", "-q").exit_code == 0
    (task_id,) = server.tasks
    result = lathe("follow", task_id, "-o", "again.glb")
    assert result.exit_code == 0
    assert Path("again.glb").read_bytes() == GLB
    assert lathe("follow", "unknown", "-o", "x.glb").exit_code == 4


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LATHE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = lathe("models")
    assert result.exit_code == 5
    assert "make up" in result.stderr


def test_models_are_listed(server: Server) -> None:
    result = lathe("models")
    assert result.exit_code == 0
    assert "lathe/form" in result.stdout


@pytest.mark.usefixtures("logged_in")
def test_ctrl_c_cancels_on_the_server(server: Server) -> None:
    server.never_ends = True
    command = [sys.executable, "-m", "cli.main", "generate", "a mug", "-o", "mug.glb"]
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": root}
    # Where the tests themselves run in the background, SIGINT is ignored, and children inherit that.
    with subprocess.Popen(
        command,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        end = time.monotonic() + 60
        while not any(task["status"] == "running" for task in server.tasks.values()):
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Cancelled; charged: 0.25 credits." in told
    assert [task["status"] for task in server.tasks.values()] == ["cancelled"]
    assert not Path("mug.glb").exists()


@pytest.mark.usefixtures("logged_in")
def test_reads_that_lag_behind_are_waited_for(server: Server) -> None:
    server.lag = 7
    assert lathe("generate", "a mug", "-o", "mug.glb").exit_code == 0
    assert server.lag < 0
    assert Path("mug.glb").read_bytes() == GLB


@pytest.mark.usefixtures("logged_in")
def test_where_nothing_can_be_written_nothing_is_paid_for(server: Server) -> None:
    result = lathe("generate", "a blue mug", "-o", "/proc/mug.glb")
    assert (result.exit_code, server.tasks) == (2, {})
    assert "/proc" in result.stderr


@pytest.mark.usefixtures("logged_in")
def test_a_disk_that_is_full_at_the_end_loses_no_result(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(results.tempfile, "mkstemp", full)
    result = lathe("generate", "a blue mug", "-o", "mug.glb")
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert f"lathe follow {next(iter(server.tasks))}" in " ".join(result.stderr.split())


def test_a_login_that_cannot_be_kept_says_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc")
    result = lathe("login", "ada", "--password", "correct horse")
    assert result.exit_code == 1
    assert "Logins cannot be kept" in result.stderr
