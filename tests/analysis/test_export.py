"""`lathe events export`: once each, whatever dies and whenever it is run again; and a table that stays as it is."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka.analysis import Selection, WrongBookmark
from adapters.kafka.analysis.columns import COLUMNS
from adapters.kafka.cluster import LogIdentity
from adapters.kafka.port import Log
from cli.client.failures import Misused
from cli.events.json_lines import JsonLines
from cli.events.ledger import Ledger, alone
from cli.events.outputs import Output
from cli.events.parquet import Parquet
from domain.account import events as e
from tests.analysis.workplace import export, table
from tests.projections.handmade import CREDIT, HandmadeLog, cancelled, completed, requested, started

Seen = list[tuple[str, int, int]]


async def some_history(log: HandmadeLog, accounts: int = 3) -> None:
    """Four events for each account; one void record in between."""
    for n in range(accounts):
        account, task = log.account_in(n), log.new_id(n)
        await log.append(account, e.AccountOpened(user_id=n, granted=5 * CREDIT))
        await log.append(account, requested(task))
        await log.put(("lathe.accounts", n), account.encode(), b"{}", [])  # void: nobody's
        await log.append(account, started(task))
        await log.append(account, completed(task, log.new_id(n)))


def valid(log: HandmadeLog) -> Seen:
    return sorted(
        (entry.record.topic, entry.record.partition, entry.record.offset)
        for entry in log.entries()
        if entry.kind == "event"
    )


def in_lines(path: Path) -> Seen:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return sorted((line["kafkatopic"], line["kafkapartition"], line["kafkaoffset"]) for line in lines)


def in_parquet(folder: Path) -> Seen:
    return sorted(table(folder, "SELECT topic, partition, log_offset FROM events"))


@pytest.fixture(params=["jsonl", "parquet"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], tuple[Output, Callable[[], Seen]]]:
    """A new export under a name, and what reads it."""

    def make(name: str) -> tuple[Output, Callable[[], Seen]]:
        if request.param == "jsonl":
            path = tmp_path / f"{name}.jsonl"
            return JsonLines(path), lambda: in_lines(path)
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return Parquet(folder), lambda: in_parquet(folder)

    return make


Made = Callable[[str], tuple[Output, Callable[[], Seen]]]


async def test_a_second_run_adds_what_came_since(made: Made) -> None:
    log = HandmadeLog()
    await some_history(log)
    output, seen = made("out")
    assert await export(log.log, output) == 12
    assert seen() == valid(log)

    assert await export(log.log, made("out")[0]) == 0
    await some_history(log, accounts=1)
    assert await export(log.log, made("out")[0]) == 4
    assert seen() == valid(log)
    assert len(seen()) == 16


class Killed(BaseException):
    """Nothing of the process runs on: nobody catches this."""


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Call it with n: the n-th thing that an export then does to the file system is its last, and is not done.

    Every write, sync, rename and removal counts, so together the tests try every place where a kill -9 can strike.
    """
    left = [-1]

    def struck(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return real(*args, **kwargs)

        return call

    for name in ("write", "fsync", "truncate"):
        monkeypatch.setattr(os, name, struck(getattr(os, name)))
    for name in ("replace", "unlink"):
        monkeypatch.setattr(Path, name, struck(getattr(Path, name)))

    def kill_at(n: int) -> None:
        left[0] = n

    yield kill_at
    left[0] = -1


async def test_killed_anywhere_it_leaves_no_gap_and_nothing_twice(made: Made, killer: Callable[[int], None]) -> None:
    """Two commits, killed at each step in turn, run again: the same events, once each."""
    log = HandmadeLog()
    await some_history(log)
    wanted = valid(log)
    step, killed = 0, True
    while killed:
        step += 1
        output, seen = made(f"out-{step}")
        killer(step)
        try:
            await export(few_at_once(log.log), output, commit_bytes=4500)
            killed = False
        except Killed:
            killer(-1)
            again = made(f"out-{step}")[0]
            await export(log.log, again, commit_bytes=4500)
        killer(-1)
        assert seen() == wanted, f"killed at step {step}"
    assert step > 10


async def test_killed_before_the_first_event_that_is_wanted(tmp_path: Path) -> None:
    """The place is then before the position that was asked for; the next run shows nothing of what lies between."""
    log = HandmadeLog()
    account = log.account_in(5)
    await log.append(log.account_in(3), requested(log.new_id(3)))
    for _ in range(9):
        await log.append(account, requested(log.new_id(5)))
    path = tmp_path / "out.jsonl"
    wanted = {("lathe.accounts", 5): 8}
    looked_at = 0

    def killed_soon(records: int) -> None:
        nonlocal looked_at
        looked_at += records
        if looked_at > 4:
            raise Killed

    with pytest.raises(Killed):
        await export(few_at_once(log.log, 2), JsonLines(path), offsets=wanted, commit_bytes=0, advanced=killed_soon)
    await export(log.log, JsonLines(path), offsets=wanted)
    assert in_lines(path) == [("lathe.accounts", 3, 1), ("lathe.accounts", 5, 8), ("lathe.accounts", 5, 9)]


class FewAtOnce:
    """Polls bring few records, so that an export commits more than once."""

    def __init__(self, log: Log, records: int) -> None:
        self._log, self._records = log, records

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def reader(self, start: Any) -> Any:
        reader = await self._log.reader(start)
        poll = reader.poll
        reader.poll = lambda timeout_ms, max_records: poll(timeout_ms, self._records)  # type: ignore[method-assign]
        return reader


def few_at_once(log: Log, records: int = 3) -> Any:
    return FewAtOnce(log, records)


async def test_what_was_moved_away_does_not_come_back(tmp_path: Path) -> None:
    log = HandmadeLog()
    await some_history(log)
    await export(log.log, Parquet(tmp_path))
    (tmp_path / "part-000000.parquet").unlink()
    await some_history(log, accounts=1)
    assert await export(log.log, Parquet(tmp_path)) == 4
    assert [path.name for path in sorted(tmp_path.glob("*.parquet"))] == ["part-000001.parquet"]


async def test_a_file_that_lost_lines_is_not_gone_on_with(tmp_path: Path) -> None:
    log = HandmadeLog()
    await some_history(log)
    path = tmp_path / "out.jsonl"
    await export(log.log, JsonLines(path))
    path.write_text(path.read_text()[:-1])
    with pytest.raises(Misused, match="put it back"):
        await export(log.log, JsonLines(path))


async def test_another_log_is_refused(made: Made) -> None:
    log = HandmadeLog()
    await some_history(log)
    await export(log.log, made("out")[0])
    for other in (LogIdentity("elsewhere", {}), LogIdentity("by-hand", {"lathe.accounts": "two"})):
        with pytest.raises(WrongBookmark, match="another log"):
            await export(log.log, made("out")[0], identity=other)


async def test_other_options_are_refused(made: Made) -> None:
    log = HandmadeLog()
    await some_history(log)
    await export(log.log, made("out")[0], asked={"since": "7d"})
    with pytest.raises(Misused, match="--since, --task"):
        await export(log.log, made("out")[0], asked={"task": "x"})


async def test_what_is_there_already_is_not_written_over(tmp_path: Path) -> None:
    log = HandmadeLog()
    (tmp_path / "mine.jsonl").write_text("precious\n")
    (tmp_path / "mine.parquet").write_text("precious\n")
    for output in (JsonLines(tmp_path / "mine.jsonl"), Parquet(tmp_path)):
        with pytest.raises(Misused, match="no export to go on"):
            await export(log.log, output)
    assert (tmp_path / "mine.jsonl").read_text() == "precious\n"


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    with alone(tmp_path / "lock"), pytest.raises(Misused, match="Another export"), alone(tmp_path / "lock"):
        pytest.fail("both export")


def test_a_damaged_ledger_is_told(tmp_path: Path) -> None:
    (tmp_path / "_export.json").write_bytes(b'{"events": ')
    with pytest.raises(Misused, match="does not tell what was exported"):
        Ledger(tmp_path / "_export.json", {})


async def test_the_columns_and_what_stands_in_them(tmp_path: Path) -> None:
    log = HandmadeLog()
    account, task = log.account_in(5), log.new_id(5)
    await log.append(account, e.AccountOpened(user_id=7, granted=5 * CREDIT))
    await log.append(account, requested(task))
    await log.append(account, cancelled(task, charged=250_000, released=750_000), command_id="c-1")
    await log.append(account, started(task), value=b"no json")
    await export(log.log, Parquet(tmp_path))

    assert [(name, kind) for name, kind, *_ in table(tmp_path, "DESCRIBE events")] == [
        (column.name, column.type) for column in COLUMNS
    ]
    common = "type[7:], partition, log_offset, account_id, task_id, task_seq, owner_epoch, owner_seq"
    assert table(tmp_path, f"SELECT {common} FROM events ORDER BY log_offset") == [
        ("account.opened.v1", 5, 1, account, None, None, 1, 1),
        ("task.requested.v1", 5, 2, account, task, 1, 1, 2),
        ("task.cancelled.v1", 5, 3, account, task, 2, 1, 3),
        ("task.started.v1", 5, 4, account, None, 3, 1, 4),
    ]
    flat = "user_id, amount, kind, model, price, reserved, charged, released, reason, prompt_length, command_id"
    assert table(tmp_path, f"SELECT {flat} FROM events WHERE undecodable IS NULL ORDER BY log_offset") == [
        (7, 5 * CREDIT, None, None, None, None, None, None, None, None, None),
        (None, None, "generate", "lathe/form", CREDIT, CREDIT, None, None, None, 7, None),
        (None, None, None, None, None, None, 250_000, 750_000, "client", None, "c-1"),
    ]
    (told,) = table(tmp_path, "SELECT event, undecodable FROM events WHERE undecodable IS NOT NULL")
    assert told[0] == "no json"
    assert "task.started" in told[1]


async def test_what_is_personal_stays_sealed(made: Made, tmp_path: Path) -> None:
    log = HandmadeLog()
    await log.append(log.account_in(1), requested(log.new_id(1)))
    output, _ = made("out")
    await export(log.log, output)
    if isinstance(output, Parquet):
        ((event,),) = table(tmp_path / "out", "SELECT event FROM events")
    else:
        event = (tmp_path / "out.jsonl").read_text()
    assert '"prompt":{"$enc":"v1:a chair"}' in event


async def test_only_what_was_chosen(made: Made) -> None:
    log = HandmadeLog()
    await some_history(log)
    output, seen = made("out")
    assert await export(log.log, output, Selection(types=("task.completed.*",))) == 3
    assert len(seen()) == 3
