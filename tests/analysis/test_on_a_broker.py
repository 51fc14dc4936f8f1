"""The commands as they are called, on a real broker: killed, resumed, followed, and with no broker at all."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.stack.ports import Ports
from domain.account import events as e
from tests.analysis.workplace import at, copy_to, table
from tests.conftest import parts
from tests.projections.handmade import CREDIT, HandmadeLog, completed, failed, requested, started

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "analyse-the-log.md"
TASKS = 900
PADDING = 4000
"""Bytes that make a request's parameters long, so that an export takes several commits of a megabyte."""


def lathe(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["events", *arguments])


@pytest.fixture(scope="module")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of its own: handmade events name run records that no log holds, and owners would look for them."""
    with parts.kafka(tmp_path_factory.mktemp("kafka")) as url:
        yield url


@pytest.fixture(scope="module")
def by_hand(kafka_url: str) -> HandmadeLog:
    """The same log in memory and on the broker."""
    return asyncio.run(written(kafka_url))


async def written(kafka_url: str) -> HandmadeLog:
    log = HandmadeLog()
    at(log, "2026-01-05")  # a broker takes no times that lie ahead
    accounts = [log.account_in(partition) for partition in (2, 5)]
    for account in accounts:
        await log.append(account, e.AccountOpened(user_id=1, granted=1000 * CREDIT))
    for n in range(TASKS):
        account, task = accounts[n % 2], log.new_id((2, 5)[n % 2])
        await log.append(account, requested(task, params={"style": "x" * PADDING}))
        if n % 10 == 0:
            await log.put(("lathe.accounts", 2), b"nobody", b"{}", [])  # void
        await log.append(account, started(task))
        await log.append(account, completed(task, log.new_id(5)))
    await log.append(accounts[0], failed(log.new_id(2)))
    await copy_to(kafka_url, log.log)
    return log


@pytest.fixture
def at_broker(kafka_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATHE_KAFKA_URL", kafka_url)
    monkeypatch.setenv("LATHE_HOME", str(tmp_path / "home"))


def mark(folder: Path) -> int:
    """How many files the ledger counts."""
    try:
        return int(json.loads((folder / "_export.json").read_text())["mark"])
    except FileNotFoundError:
        return 0


@pytest.mark.usefixtures("at_broker")
def test_kill_9_leaves_no_gap_and_nothing_twice(by_hand: HandmadeLog, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "cli.main", "events", "export", str(folder), "--part-mb", "1"]
    killed = 0
    while True:
        before = mark(folder)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None and mark(folder) == before:
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            printed, errors = process.communicate(timeout=60)
        assert process.returncode in (-signal.SIGKILL, 0), errors
        if process.returncode == 0:
            break
        killed += 1
        if killed == 2:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
            printed = done.stdout
            assert done.stderr == ""  # a bar is for terminals
            break
    assert killed >= 1
    wanted = sorted(
        (entry.record.topic, entry.record.partition, entry.record.offset)
        for entry in by_hand.entries()
        if entry.kind == "event"
    )
    assert sorted(table(folder, "SELECT topic, partition, log_offset FROM events")) == wanted
    assert f"{len(wanted)} in all" in printed
    assert len(list(folder.glob("*.parquet"))) > 2
    again = lathe("export", str(folder), "--part-mb", "1")
    assert again.stdout.startswith("0 events added")


@pytest.mark.usefixtures("at_broker", "by_hand")
def test_cat_prints_cloudevents() -> None:
    printed = lathe("cat", "--type", "account.opened.*")
    assert printed.exit_code == 0, printed.output
    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    assert [(line["kafkapartition"], line["kafkaoffset"], line["data"]) for line in sorted_by_partition(lines)] == [
        (2, 1, {"user_id": 1, "granted": 1000 * CREDIT}),
        (5, 1, {"user_id": 1, "granted": 1000 * CREDIT}),
    ]
    assert lines[0]["specversion"] == "1.0"
    assert lines[0]["streamversion"] == 1
    assert lines[0]["datacontenttype"] == "application/json"

    late = lathe("cat", "--topic", "accounts", "--from-position", "lathe.accounts:5@99999999", "--type", "*.opened.v1")
    assert len(late.stdout.splitlines()) == 1


def sorted_by_partition(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(lines, key=lambda line: line["kafkapartition"])


@pytest.mark.usefixtures("at_broker", "by_hand")
def test_tail_goes_back_and_ends_after_as_many_as_wanted() -> None:
    printed = lathe("tail", "--since", "2026-01-01", "-n", "3")
    assert printed.exit_code == 0, printed.output
    assert len(printed.stdout.splitlines()) == 3


@pytest.mark.usefixtures("at_broker", "by_hand")
def test_a_reader_that_has_had_enough_is_no_error() -> None:
    program = f"{sys.executable} -m cli.main events cat | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["kafkaoffset"] >= 0


@pytest.mark.usefixtures("by_hand")
def test_the_program_of_the_page(kafka_url: str, tmp_path: Path) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    for answer in ("{'engine-failed': 1}", "{}"):
        done = subprocess.run(
            [sys.executable, "-c", program.replace("localhost:9092", kafka_url)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.stdout.strip(), done.stderr) == (answer, "")


@pytest.mark.parametrize("command", [["cat"], ["tail"], ["export", "out"]])
def test_no_broker(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATHE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LATHE_KAFKA_URL", raising=False)
    nowhere = lathe(*command)
    assert nowhere.exit_code == 75
    assert "lathe up" in nowhere.stderr

    monkeypatch.setenv("LATHE_KAFKA_URL", f"127.0.0.1:{Ports(prefer_usual=False).choose(9092)}")
    silent = lathe(*command)
    assert silent.exit_code == 75, silent.output
    assert "lathe doctor" in silent.stderr
    assert silent.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["cat", "--topic", "acounts"], "There is no topic 'acounts'"),
        (["cat", "--type", "task.exploded"], "No event type matches"),
        (["cat", "--since", "yesterday"], "--since: 'yesterday' is neither a time"),
        (["cat", "--until", "999999999w"], "--until: '999999999w' is neither"),
        (["cat", "--since", "1h", "--until", "2h"], "Nothing lies between"),
        (["tail", "--task", "42"], "'42' is not a task's id"),
        (["tail", "-n", "0"], "greater than or equal to 1"),
        (["tail", "--from-position", "accounts@7"], "does not look like lathe.accounts:5@1200"),
        (["tail", "--from-position", "lathe.accounts:12@7"], "lathe.accounts/12 does not exist"),
        (["tail", "--topic", "runs", "--from-position", "lathe.accounts:1@7"], "the other options leave it out"),
        (["cat", "--account", "ada"], "no account's id"),
        (["export"], "Missing argument"),
        (["export", "out", "--format", "csv"], "'csv' is neither parquet nor jsonl"),
        (["export", "file.txt"], "is a file; Parquet goes into a folder"),
        (["export", "folder", "--format", "jsonl"], "is a folder; JSON lines go into a file"),
    ],
)
def test_bad_options(arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATHE_HOME", str(tmp_path / "home"))
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "folder").mkdir()
    ended = lathe(*arguments)
    assert ended.exit_code == 2
    assert told in " ".join(ended.stderr.replace("│", " ").split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.txt", "folder"]
