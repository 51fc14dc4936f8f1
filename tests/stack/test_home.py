"""The state folder: one user at a time, one version, writable, and secrets for nobody else."""

import errno
import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.settings import load_settings
from cli.stack.errors import StackError
from cli.stack.home import LAYOUT_VERSION, lock, open_home, require_space, running_pid
from cli.stack.ledger import Ledger
from cli.stack.logs import rotate
from cli.stack.ports import LOOPBACK, Ports, require_gateway_port
from cli.stack.secrets import load_secrets

PROJECT = Path(__file__).parents[2]


def test_only_one_may_run_on_a_state_folder(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    assert running_pid(home) is None
    with lock(home):
        assert running_pid(home) == os.getpid()
        with pytest.raises(StackError, match=f"already runs on .* \\(process {os.getpid()}\\)"):
            lock(home)
    assert running_pid(home) is None


def test_state_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    home.version_file.write_text("0\n")
    with pytest.raises(StackError, match="another version of Lathe"):
        open_home(home.path)
    assert home.version_file.read_text() == "0\n"


def test_a_version_whose_writing_was_interrupted_is_written_again(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    home.version_file.write_text("")
    open_home(home.path)
    assert home.version_file.read_text() == f"{LAYOUT_VERSION}\n"
    home.version_file.write_text("")
    home.postgres.mkdir()
    with pytest.raises(StackError, match="layout unknown"):
        open_home(home.path)


@pytest.mark.parametrize("used", [False, True])
def test_a_first_start_that_can_write_no_byte_is_no_harm(tmp_path: Path, used: bool) -> None:
    """As on a full disk, where empty files can be made still."""
    if used:
        open_home(tmp_path / "home")
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", "up"],
        env={**os.environ, "LATHE_HOME": str(tmp_path / "home")},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )
    assert ran.returncode == 1
    assert "cannot be written (File too large)" in ran.stderr
    assert "Traceback" not in ran.stderr
    open_home(tmp_path / "home")


def test_a_full_disk_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cli.stack.home.os.fsync", full)
    with pytest.raises(StackError, match=r"No space left on device.*Free some space"):
        open_home(tmp_path / "home")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match=r"cannot be written.*LATHE_HOME"):
        open_home(tmp_path / "file" / "home")


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"needs 1000000000 MB, but only"):
        require_space(tmp_path / "not" / "yet", 1_000_000_000, "It")


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    first = load_secrets(home, load_settings())
    assert load_secrets(home, load_settings()) == first
    files = [*(home.path / "secrets").iterdir(), home.path / "master.key", home.path / "admin-password"]
    assert len(files) == 6
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert load_secrets(home, load_settings(admin_password="chosen")).admin_password == "chosen"


def test_a_secret_whose_writing_was_interrupted_is_made_again(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    load_secrets(home, load_settings())
    (home.path / "master.key").write_text("")
    assert len(load_secrets(home, load_settings()).master_key) == 44


def test_a_taken_port_is_passed_over_but_not_the_gateways() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert Ports().choose(port) != port
        with pytest.raises(StackError, match=rf"Port {port} is taken by another program.*LATHE_PORT"):
            require_gateway_port(port, LOOPBACK)
    require_gateway_port(port, LOOPBACK)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_the_gateways_port_is_looked_at_where_it_listens(host: str) -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port} is taken"):
            require_gateway_port(port, host)
        require_gateway_port(port, LOOPBACK)
    require_gateway_port(port, host)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_no_taken_port(host: str) -> None:
    with pytest.raises(StackError, match=rf"cannot listen on {host}.*LATHE_HOST="):
        require_gateway_port(8080, host)


def test_no_port_is_given_twice() -> None:
    ports = Ports(prefer_usual=False)
    given = [ports.choose(1) for _ in range(50)]
    assert len(set(given)) == 50


def test_a_port_that_was_chosen_is_nobody_elses_before_its_part_listens() -> None:
    first = Ports(prefer_usual=False).choose(1)
    only_this = f"ports.ANY = range({first}, {first} + 1)"
    command = f"from cli.stack import ports; {only_this}; ports.Ports(prefer_usual=False).choose(1)"
    ran = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert f"No port between {first} and {first + 1} is free" in ran.stderr


def test_a_usual_port_is_nobody_elses_either() -> None:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        usual = probe.getsockname()[1]
    assert Ports().choose(usual) == usual
    command = f"from cli.stack.ports import Ports; print(Ports().choose({usual}))"
    other = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert int(other.stdout) != usual


def test_two_stacks_that_start_at_once_do_not_share_the_gateways_port() -> None:
    port = Ports(prefer_usual=False).choose(1)
    Ports().leave_out(port)
    command = f"from cli.stack.ports import Ports; Ports().leave_out({port})"
    other = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert f"Another Lathe of yours is starting on port {port}" in other.stderr


def test_a_large_log_is_rotated_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with log.open("ab", buffering=0) as writer:
        for round_ in (b"a", b"b", b"c"):
            writer.write(round_ * 1000)
            assert rotate(log, largest=1000, kept=2)
        writer.write(b"end")
    assert log.read_bytes() == b"end"
    assert (tmp_path / "part.log.1").read_bytes() == b"c" * 1000
    assert (tmp_path / "part.log.2").read_bytes() == b"b" * 1000
    assert not (tmp_path / "part.log.3").exists()
    assert not rotate(log, largest=1000)


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"LATHE_PORT": "no"}, "LATHE_PORT: input should be a valid integer"),
        ({"LATHE_HOME": "/proc/nowhere"}, "The state folder /proc/nowhere cannot be written"),
    ],
)
def test_lathe_up_says_what_is_wrong_without_a_stack_trace(variables: dict[str, str], says: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", "up"],
        env={**os.environ, **variables},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_ledger_that_cannot_be_written_is_written_later(tmp_path: Path) -> None:
    """As on a full disk: the stack goes on, and what runs stands in the file as soon as it can."""
    folder = tmp_path / "run"
    ledger = Ledger(folder / "processes.json")
    ledger.record("part", os.getpid())
    assert not folder.exists()
    folder.mkdir()
    ledger.catch_up()
    assert [row["pid"] for row in json.loads((folder / "processes.json").read_text())] == [os.getpid()]
