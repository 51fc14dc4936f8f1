"""`lathe events schema` and `lathe events diff`: for people and for scripts, without a running Lathe."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.contract.landed import FOLDER, SUFFIX, present
from cli.main import app
from domain.registry import EVENTS

TYPE = "lathe.task.requested.v1"


def lathe(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["events", *arguments], env={"COLUMNS": "160"})


def test_all_events_by_topic() -> None:
    told = lathe("schema").stdout
    assert all(name in told for name in EVENTS)
    assert "lathe.accounts" in told.splitlines()


def test_one_event() -> None:
    told = lathe("schema", TYPE).stdout
    assert "lathe.accounts" in told
    (name,) = [line for line in told.splitlines() if "files[].name" in line]
    assert "personal" in name
    (price,) = [line for line in told.splitlines() if line.startswith(" price ")]
    assert "micro-credits" in price


def test_as_json() -> None:
    assert json.loads(lathe("schema", TYPE, "--json").stdout) == present()[TYPE]
    assert json.loads(lathe("schema", "--json").stdout).keys() >= EVENTS.keys()


def test_an_unknown_event() -> None:
    done = lathe("schema", "lathe.task.requsted")
    assert done.exit_code == 2
    assert TYPE in done.stderr


def test_no_difference() -> None:
    done = lathe("diff")
    assert done.exit_code == 0
    assert "no reader breaks" in done.stdout


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """What somebody else published: a field more than here, one that is optional here, and an event of their own."""
    theirs: dict[str, Any] = json.loads((FOLDER / f"{TYPE}{SUFFIX}").read_text())
    theirs["properties"]["site"] = {"type": "string"}
    theirs["required"] += ["site", "parent"]
    (tmp_path / f"{TYPE}{SUFFIX}").write_text(json.dumps(theirs))
    (tmp_path / f"acme.pebble.thrown.v1{SUFFIX}").write_text(json.dumps({"type": "object", "properties": {}}))
    return tmp_path


def test_what_breaks_is_told_and_fails(published: Path) -> None:
    done = lathe("diff", "--against", str(published))
    assert done.exit_code == 1
    assert f"backward  {TYPE} (revision 1) `site`: field removed" in done.stdout
    assert f"forward   {TYPE} (revision 1) `parent`: made optional" in done.stdout
    assert "acme.pebble.thrown.v1 (revision 1): event removed" in done.stdout
    assert "fine      lathe.account.opened.v1: new event" in done.stdout
    document = json.loads(lathe("diff", "--against", str(published), "--json").stdout)
    assert document["breaks"] is True
    assert {found["breaks"] for found in document["findings"]} == {"backward", "forward", "nothing"}


def test_nothing_to_compare_with(tmp_path: Path) -> None:
    done = lathe("diff", "--against", str(tmp_path))
    assert done.exit_code == 2
    assert "no event schemas" in done.stderr
    done = lathe("diff", "--against", "no-such-branch")
    assert done.exit_code == 2
    assert "no-such-branch" in done.stderr
