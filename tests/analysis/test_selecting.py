"""Which events a reader sees, where it begins, and that a place is kept."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.kafka import topics
from adapters.kafka.analysis import Bookmark, ReadEvent, Selection, WrongBookmark, read_events
from adapters.kafka.position import TP
from domain.account import events as e
from domain.ownership import OwnerAnnounced
from domain.runs import events as r
from tests.analysis.workplace import IDENTITY, append_run
from tests.projections.handmade import CREDIT, START, HandmadeLog, batch, completed, requested, started


async def seen(log: HandmadeLog, selection: Selection | None = None, **how: object) -> list[ReadEvent]:
    found: list[ReadEvent] = []
    async with read_events(log.log, selection, identity=IDENTITY, **how) as reader:  # type: ignore[arg-type]
        async for taken in reader:
            found += taken.events
    return found


def types(found: list[ReadEvent]) -> list[str]:
    return [read.type.removeprefix("lathe.").removesuffix(".v1") for read in found]


@pytest.fixture
async def log() -> HandmadeLog:
    """Account A in partition 5: opened, a task, a batch of two. Account B in partition 6: opened. Runs of A's task."""
    log = HandmadeLog()
    account = log.account_in(5)
    task, first, second = (log.new_id(5) for _ in range(3))
    await log.append(account, e.AccountOpened(user_id=1, granted=CREDIT))
    await log.append(account, requested(task))
    await log.append(account, batch(log.new_id(5), first, second))
    await log.append(account, started(second))
    await log.append(log.account_in(6), e.AccountOpened(user_id=2, granted=CREDIT))
    run = r.RunStarted(task_id=task, attempt=1, sequence=1, worker_id="w", device="cpu")
    await append_run(log, account, run)
    return log


async def test_by_topic_type_account_and_task(log: HandmadeLog) -> None:
    everything = await seen(log)
    assert len(everything) == 6
    account = next(read.account_id for read in everything if read.record.partition == 5)
    opened = next(read.account_id for read in everything if read.record.partition == 6)
    asked, wanted, begun = (read for read in everything if read.type.startswith("lathe.task") or "batch" in read.type)
    assert isinstance(asked.event, e.TaskRequested)
    assert isinstance(begun.event, e.TaskStarted)

    assert types(await seen(log, Selection(topics=("lathe.runs",)))) == ["run.started"]
    assert types(await seen(log, Selection(types=("*.opened.v1", "run.*")))) == ["account.opened"] * 2 + ["run.started"]
    assert types(await seen(log, Selection(account=opened))) == ["account.opened"]
    assert len(await seen(log, Selection(account=account))) == 5
    assert types(await seen(log, Selection(task=asked.event.task_id))) == ["task.requested", "run.started"]
    assert types(await seen(log, Selection(task=begun.event.task_id))) == ["batch.requested", "task.started"]
    assert wanted.type == "lathe.batch.requested.v1"


async def test_by_time(log: HandmadeLog) -> None:
    times = sorted(read.time for read in await seen(log))
    late = await seen(log, Selection(since=times[2]))
    early = await seen(log, Selection(until=times[2]))
    assert sorted(read.time for read in late) == times[2:]
    assert sorted(read.time for read in early) == times[:2]
    assert len(await seen(log, Selection(since=times[1], until=times[4]))) == 3


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"topics": ("lathe.acounts",)}, "There is no topic 'lathe.acounts'"),
        ({"types": ("task.exploded.*",)}, "No event type matches"),
        ({"task": "42"}, "is not a task's id"),
        ({"task": HandmadeLog().new_id(999)}, "is not a task's id"),
        ({"since": START, "until": START}, "Nothing lies between"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Selection(**wrong)  # type: ignore[arg-type]


async def announce(log: HandmadeLog, tp: TP, epoch: int, offset: int, nonce: str | None = None) -> None:
    event = OwnerAnnounced(
        topic=tp[0],
        partition=tp[1],
        epoch=epoch,
        nonce=nonce or f"nonce-{epoch}",
        address="http://o",
        claim_offset=offset,
    )
    await log.append(f"{tp[0]}/{tp[1]}", event, topics.OWNERS)


async def claimed_twice() -> tuple[HandmadeLog, TP]:
    """Offsets 0 claim, 1-3 events, 4 claim, 5-7 events, 8 void."""
    log, tp = HandmadeLog(), ("lathe.accounts", 5)
    account = log.account_in(5)
    for _ in range(2):
        await log.claim(tp)
        for _ in range(3):
            await log.append(account, requested(log.new_id(5)))
    await log.append(account, completed(log.new_id(5), "f"), seq=1)
    return log, tp


async def test_beginning_late_takes_the_newest_claim_before(monkeypatch: pytest.MonkeyPatch) -> None:
    log, tp = await claimed_twice()
    await announce(log, tp, 1, 0)
    await announce(log, tp, 2, 4)
    begun: list[int] = []
    reader = log.log.reader

    async def spied(start: dict[TP, int]) -> object:
        begun.append(start.get(tp, -1))
        return await reader(start)

    monkeypatch.setattr(log.log, "reader", spied)
    found = await seen(log, offsets={tp: 6})
    assert [read.record.offset for read in found if read.record.topic == tp[0]] == [6, 7]
    assert begun[-1] == 4
    found = await seen(log, offsets={tp: 3})
    assert [read.record.offset for read in found if read.record.topic == tp[0]] == [3, 5, 6, 7]
    assert begun[-1] == 0


async def test_an_announcement_that_is_not_true_is_found_out() -> None:
    log, tp = await claimed_twice()
    await announce(log, tp, 7, 5, "never")
    with pytest.raises(Exception, match="does not hold claim 7"):
        await seen(log, offsets={tp: 6})


async def test_following_shows_what_comes(log: HandmadeLog) -> None:
    async with read_events(log.log, identity=IDENTITY, at_end=True, follow=True) as reader:
        batches = aiter(reader)
        waiting = asyncio.ensure_future(anext(batches))
        found: list[ReadEvent] = []
        await log.append(log.account_in(7), e.AccountOpened(user_id=3, granted=CREDIT))
        while not found:
            found += (await waiting).events
            waiting = asyncio.ensure_future(anext(batches))
        waiting.cancel()
        await asyncio.wait([waiting])
    assert types(found) == ["account.opened"]


async def test_a_bookmark_goes_on_where_it_was(log: HandmadeLog, tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "place.json")
    for expected in (6, 0):
        found = 0
        async with read_events(log.log, bookmark=bookmark, identity=IDENTITY) as reader:
            async for taken in reader:
                found += len(taken.events)
                bookmark.save(taken.positions, reader.identity)
        assert found == expected
    log.time += timedelta(days=1)
    await log.append(log.account_in(6), e.AccountOpened(user_id=9, granted=CREDIT))
    assert types(await seen(log, bookmark=bookmark)) == ["account.opened"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"cluster_id": 1}', b"\xff"])
async def test_a_damaged_bookmark_is_told(log: HandmadeLog, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "place.json").write_bytes(content)
    with pytest.raises(WrongBookmark, match="not a place in a log"):
        await seen(log, bookmark=Bookmark(tmp_path / "place.json"))
