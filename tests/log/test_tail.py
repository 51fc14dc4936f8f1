"""Following in the background goes on, whatever the log does meanwhile."""

import asyncio
from collections.abc import Mapping

from adapters.kafka.follower import Entry
from adapters.kafka.memory import MemoryLog, MemoryReader
from adapters.kafka.port import LogTruncated, LogUnavailable, NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Record
from adapters.kafka.tail import Tail

AT: TP = ("lathe.runs", 0)


class Failing(MemoryLog):
    """Its first reader loses its place; the next one cannot be made."""

    def __init__(self) -> None:
        super().__init__()
        self.readers = 0

    async def reader(self, start: Mapping[TP, int]) -> MemoryReader:
        self.readers += 1
        if self.readers == 2:
            raise LogUnavailable("not yet")
        reader = Truncated if self.readers == 1 else MemoryReader
        return reader(self, dict(start), self._grown)


class Truncated(MemoryReader):
    async def poll(self, timeout_ms: int, max_records: int) -> list[Record]:
        raise LogTruncated("it was cut")


async def test_it_begins_again_though_the_broker_is_away_just_then() -> None:
    log = Failing()
    seen: asyncio.Queue[int] = asyncio.Queue()

    async def start_at() -> dict[TP, Position]:
        return {AT: Position(0)}

    async def take(entries: list[Entry]) -> None:
        for entry in entries:
            seen.put_nowait(entry.record.offset)

    tail = Tail(log, start_at, take)
    await tail.start()
    try:
        await log.put(AT, [NewRecord(b"key", b"value", [], 0)])
        async with asyncio.timeout(60):
            assert await seen.get() == 0
    finally:
        await tail.stop()
