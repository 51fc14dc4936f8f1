"""What operators mistype does nothing, and says what was wrong. No broker is asked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.mark.parametrize("worker", ["", " "])
def test_a_worker_without_a_name_is_not_drained(worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a script's variable is empty: every id begins with nothing."""
    monkeypatch.setenv("LATHE_KAFKA_URL", "127.0.0.1:1")
    ended = CliRunner().invoke(app, ["ops", "workers", "drain", worker, "--wait", "0"])
    assert (ended.exit_code, "Name a worker" in ended.output) == (2, True), ended.output


@pytest.mark.parametrize("account", ["", "ada", "--help", "--offset=1"])
def test_what_is_no_account_is_not_looked_for(account: str) -> None:
    ended = CliRunner().invoke(app, ["ops", "state", f"--account={account}"])
    assert (ended.exit_code, "no account's id" in ended.output) == (2, True), ended.output


def test_a_backup_that_is_not_there_is_not_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is told first, whatever else is missing; nothing is made."""
    home = tmp_path / "home"
    monkeypatch.setenv("LATHE_HOME", str(home))
    ended = CliRunner().invoke(app, ["ops", "restore", str(tmp_path / "monday")])
    assert (ended.exit_code, "monday is no folder" in ended.output) == (1, True), ended.output
    assert not (home / "master.key").exists()
