"""One consumer for several readers: each gets its partition whole and in order, whoever comes or goes."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from adapters.kafka import shared_follower
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.memory import MemoryLog, MemoryReader
from adapters.kafka.port import Log, LogTruncated, NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.shared_follower import SharedFollower, Stream
from tests.contracts.test_log import broker, log_and_topic

__all__ = ["broker", "log_and_topic"]


@pytest.fixture
def log(log_and_topic: tuple[Log, str]) -> Log:
    return log_and_topic[0]


@pytest.fixture
def tps(log_and_topic: tuple[Log, str]) -> tuple[TP, TP]:
    return (log_and_topic[1], 0), (log_and_topic[1], 1)


@pytest.fixture
async def shared(log: Log) -> AsyncIterator[SharedFollower]:
    async with asyncio.timeout(60):
        yield SharedFollower(log)


async def write(log: Log, tp: TP, *values: str) -> None:
    records = [NewRecord(b"key", value.encode(), [], 1_700_000_000_000) for value in values]
    if isinstance(log, MemoryLog):
        await log.put(tp, records)
    else:
        appender = await log.appender()
        await appender.append(tp, records)
        await appender.discard()


async def taken(stream: Stream, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        found += [(entry.record.value or b"").decode() for entry in await stream.take()]
    return found


async def test_each_reader_gets_its_partition(log: Log, tps: tuple[TP, TP], shared: SharedFollower) -> None:
    first, second = tps
    await write(log, first, "a0", "a1")
    await write(log, second, "b0", "b1", "b2")
    async with shared.follow(first, Position(0)) as a, shared.follow(second, Position(1)) as b:
        assert (await taken(a, 2), await taken(b, 2)) == (["a0", "a1"], ["b1", "b2"])


async def test_who_comes_later_disturbs_nobody(log: Log, tps: tuple[TP, TP], shared: SharedFollower) -> None:
    first, second = tps
    async with shared.follow(first, Position(0)) as a:
        await write(log, first, "a0")
        assert await taken(a, 1) == ["a0"]
        async with shared.follow(second, Position(0)) as b:
            await write(log, first, "a1")
            await write(log, second, "b0")
            assert (await taken(a, 1), await taken(b, 1)) == (["a1"], ["b0"])
        await write(log, first, "a2")
        assert await taken(a, 1) == ["a2"]


async def test_one_that_comes_back_begins_where_it_says(log: Log, tps: tuple[TP, TP], shared: SharedFollower) -> None:
    first, second = tps
    await write(log, first, "a0", "a1", "a2")
    async with shared.follow(second, Position(0)):
        for start in (0, 2, 1, 0):
            async with shared.follow(first, Position(start)) as a:
                assert await taken(a, 3 - start) == ["a0", "a1", "a2"][start:]


async def test_a_place_beyond_the_end_ends_only_its_own_reader(
    log: Log, tps: tuple[TP, TP], shared: SharedFollower
) -> None:
    first, second = tps
    async with shared.follow(first, Position(0)) as a, shared.follow(second, Position(7)) as b:
        with pytest.raises(LogTruncated):
            await b.take()
        await write(log, first, "a0")
        assert await taken(a, 1) == ["a0"]


async def test_one_that_takes_nothing_is_not_read_ahead_for_ever(
    tps: tuple[TP, TP], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_follower, "_MOST_AHEAD", 10)
    log = MemoryLog()
    shared = SharedFollower(log)
    await write(log, tps[0], *(f"a{i}" for i in range(5_000)))
    async with asyncio.timeout(60):
        async with shared.follow(tps[0], Position(0)) as a:
            first = await a.take()
            assert len(first) < 5_000
            assert len(first) + len(await taken(a, 5_000 - len(first))) == 5_000
        async with shared.follow(tps[0], Position(0)) as slow, shared.follow(tps[1], Position(0)) as b:
            await slow.take()
            await write(log, tps[1], "b0")
            await taken(slow, 3_000)  # only then is there room to read on
            assert await taken(b, 1) == ["b0"]


async def test_no_broker_is_waited_for() -> None:
    shared = SharedFollower(KafkaLog("127.0.0.1:9"))
    async with shared.follow(("none", 0), Position(0)) as stream:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await stream.take()


HERE: TP = ("lathe.runs", 0)
THERE: TP = ("lathe.runs", 1)


class Gate:
    """What is slow is let through when the test says so."""

    def __init__(self) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def pass_(self) -> None:
        self.reached.set()
        await self.opened.wait()


async def test_who_comes_while_another_ones_place_is_looked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    log, gate = MemoryLog(), Gate()
    shared = SharedFollower(log)
    await write(log, THERE, "b0")
    beginnings = log.beginnings

    async def slow_beginnings(tps: Iterable[TP]) -> dict[TP, int]:
        told = await beginnings(tps)
        await gate.pass_()
        return told

    monkeypatch.setattr(log, "beginnings", slow_beginnings)
    async with asyncio.timeout(60), shared.follow(HERE, Position(7)) as lost:
        await gate.reached.wait()
        async with shared.follow(THERE, Position(0)) as b:
            gate.opened.set()
            assert await taken(b, 1) == ["b0"]
            with pytest.raises(LogTruncated):
                await lost.take()


async def test_who_leaves_does_not_wait_for_those_who_come(monkeypatch: pytest.MonkeyPatch) -> None:
    log, gate = MemoryLog(), Gate()
    shared = SharedFollower(log)
    await write(log, HERE, "a0")

    async def slow_close(self: MemoryReader) -> None:
        await gate.pass_()

    monkeypatch.setattr(MemoryReader, "close", slow_close)

    async def come_and_go() -> None:
        async with shared.follow(HERE, Position(0)) as a:
            await taken(a, 1)

    async with asyncio.timeout(60):
        leaving = asyncio.create_task(come_and_go())
        await gate.reached.wait()
        async with shared.follow(THERE, Position(0)) as b:
            gate.opened.set()
            await leaving
            await write(log, THERE, "b0")
            assert await taken(b, 1) == ["b0"]
