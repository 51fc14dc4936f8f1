"""A log in memory, with the semantics of the real one that matter: order, offsets, late and doubled appends."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from adapters.kafka.port import AppendFailed, LogTruncated, NewRecord
from adapters.kafka.position import TP
from adapters.kafka.record import Record


class MemoryLog:
    """Shared by all its readers and appenders; one event loop."""

    def __init__(self) -> None:
        self.partitions: dict[TP, list[Record]] = defaultdict(list)
        self._grown = asyncio.Condition()

    async def put(self, tp: TP, records: Sequence[NewRecord]) -> int:
        """Append unconditionally, as a broker does. Returns the base offset."""
        log = self.partitions[tp]
        base = len(log)
        for i, r in enumerate(records):
            log.append(Record(tp[0], tp[1], base + i, r.timestamp, r.key, r.value, tuple(r.headers)))
        async with self._grown:
            self._grown.notify_all()
        return base

    async def reader(self, start: Mapping[TP, int]) -> "MemoryReader":
        return MemoryReader(self, dict(start), self._grown)

    async def appender(self) -> "MemoryAppender":
        return MemoryAppender(self)

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        return {tp: len(self.partitions[tp]) for tp in tps}

    async def beginnings(self, tps: Iterable[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 0)

    async def offsets_at(self, tps: Iterable[TP], unix_ms: int) -> dict[TP, int]:
        def first(records: list[Record]) -> int:
            return next((r.offset for r in records if r.timestamp >= unix_ms), len(records))

        return {tp: first(self.partitions[tp]) for tp in tps}

    async def records_at(self, tp: TP, offsets: Sequence[int]) -> list[Record]:
        log = self.partitions[tp]
        if any(not 0 <= offset < len(log) for offset in offsets):
            raise LogTruncated(f"{tp} ends at {len(log)}, before one of {offsets}")
        return [log[offset] for offset in sorted(set(offsets))]

    async def close(self) -> None:
        pass


class MemoryReader:
    def __init__(self, log: MemoryLog, offsets: dict[TP, int], grown: asyncio.Condition) -> None:
        self._log, self._offsets, self._grown = log, offsets, grown

    async def poll(self, timeout_ms: int, max_records: int) -> list[Record]:
        for tp, offset in self._offsets.items():
            if offset > len(self._log.partitions[tp]):
                raise LogTruncated(f"{tp} ends before offset {offset}")
        try:
            async with asyncio.timeout(timeout_ms / 1000), self._grown:
                await self._grown.wait_for(self._has_more)
        except TimeoutError:
            return []
        found: list[Record] = []
        for tp, offset in self._offsets.items():
            taken = self._log.partitions[tp][offset : offset + max_records - len(found)]
            self._offsets[tp] = offset + len(taken)
            found += taken
        return found

    def _has_more(self) -> bool:
        return any(len(self._log.partitions[tp]) > offset for tp, offset in self._offsets.items())

    async def close(self) -> None:
        pass


class MemoryAppender:
    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._dead = False

    async def append(self, tp: TP, records: Sequence[NewRecord]) -> int:
        if self._dead:
            raise AppendFailed("this producer was discarded")
        return await self._log.put(tp, records)

    async def discard(self) -> None:
        self._dead = True
