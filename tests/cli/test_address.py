"""Which server a command asks: LATHE_URL, else the one that `lathe up` starts with the same settings."""

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.settings import SettingsError, load_settings
from cli.client.address import server_of
from cli.client.failures import Misused


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("LATHE_URL", "LATHE_HOST", "LATHE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("variables", "file", "server"),
    [
        ({}, "", "http://127.0.0.1:8080"),
        ({"LATHE_PORT": "8081"}, "", "http://127.0.0.1:8081"),
        ({"LATHE_PORT": "8081"}, "LATHE_PORT=8082\n", "http://127.0.0.1:8081"),
        ({"LATHE_PORT": ""}, "# ours\nlathe_port='8082' # free\n", "http://127.0.0.1:8082"),
        ({"LATHE_HOST": "192.0.2.7"}, "LATHE_PORT=8082\n", "http://192.0.2.7:8082"),
        ({"LATHE_HOST": "0.0.0.0"}, "", "http://127.0.0.1:8080"),
        ({"LATHE_HOST": "::1"}, "", "http://[::1]:8080"),
        ({"LATHE_URL": "https://lathe.example", "LATHE_PORT": "8081"}, "LATHE_PORT=x\n", "https://lathe.example"),
    ],
)
def test_a_command_asks_the_server_that_runs_here(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], file: str, server: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    Path(".env").write_text(file)
    assert server_of() == server
    if "LATHE_URL" not in variables:
        assert server.endswith(f":{load_settings().port}"), "`lathe up` listens there"


@pytest.mark.parametrize("line", ["LATHE_PORT=many", "LATHE_PORT=0", "LATHE_HOST=localhost"])
def test_what_lathe_up_refuses_is_refused(line: str) -> None:
    Path(".env").write_text(line)
    with pytest.raises(SettingsError):
        load_settings()
    with pytest.raises(Misused, match=line.partition("=")[0]):
        server_of()


def test_the_settings_of_the_server_are_not_imported_for_it() -> None:
    program = "import sys, cli.generate; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
