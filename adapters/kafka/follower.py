"""Reading a log by the read rule: what every reader of Lathe's topics uses."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from adapters.kafka import topics
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.metrics import VOID_RECORDS
from adapters.kafka.place import require_place
from adapters.kafka.port import Log, Reader
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import is_ahead, judge
from adapters.kafka.record import Record, Undecodable, decode
from domain.envelope import Envelope

_OWNED: Final = frozenset(topic.name for topic in topics.ALL if topic.owned)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A record with what it is to a reader."""

    record: Record
    kind: Literal["event", "claim", "void"]
    after: Position
    decoded: tuple[Envelope, msgspec.Struct] | Undecodable | None
    """None unless `kind` is "event". A valid event that cannot be decoded stays valid: park it, or quarantine it."""


def read(position: Position, record: Record) -> Entry:
    """Judge one record at a position. On topics without owners every record is an event."""
    if record.topic not in _OWNED:
        after = Position(record.offset + 1, position.epoch, position.nonce, position.seq)
        return Entry(record, "event", after, decode(record))
    kind, after = judge(position, record)
    if kind == "void":
        VOID_RECORDS.labels(record.topic).inc()
    return Entry(record, kind, after, decode(record) if kind == "event" else None)


class Follower:
    """Follows partitions from given positions. `log` may be a `Log` or the broker's bootstrap address."""

    def __init__(self, log: Log | str, start: Mapping[TP, Position]) -> None:
        self._log = KafkaLog(log) if isinstance(log, str) else log
        self._owns_log = isinstance(log, str)
        self._reader: Reader | None = None
        self.positions: dict[TP, Position] = dict(start)
        """After the last entry that `poll` returned."""
        self._ready: list[Entry] = []
        self._after: dict[TP, Position] = {}
        self._ahead: set[TP] = set()
        """What was read and not returned yet; the positions after it; where a record of it is ahead of its epoch."""

    async def start(self) -> None:
        self._reader = await self._log.reader({tp: p.offset for tp, p in self.positions.items()})

    async def stop(self) -> None:
        if self._reader is not None:
            await self._reader.close()
            self._reader = None
        if self._owns_log:
            await self._log.close()

    async def poll(self, timeout_ms: int = 200, max_records: int = 2000) -> list[Entry]:
        """The next entries, in offset order within a partition; [] when nothing came in time.

        Raises LogUnavailable, LogTruncated: also when the log went on after a cut, which a record ahead of its epoch
        tells. What was read by then is kept for the next poll.
        """
        assert self._reader is not None, "start() comes first"
        if not self._ready:
            self._judge(await self._reader.poll(timeout_ms, max_records))
        if self._ahead:
            await require_place(self._log, {tp: self._after[tp] for tp in self._ahead})
            self._ahead.clear()
        self.positions |= self._after
        entries, self._ready, self._after = self._ready, [], {}
        return entries

    def _judge(self, records: list[Record]) -> None:
        for record in records:
            tp = (record.topic, record.partition)
            entry = read(self._after.get(tp) or self.positions[tp], record)
            self._after[tp] = entry.after
            self._ready.append(entry)
            if entry.kind == "void" and is_ahead(entry.after, record):
                self._ahead.add(tp)

    async def ends(self) -> dict[TP, int]:
        """The broker's end offsets now."""
        return await self._log.ends(self.positions)

    def has_passed(self, ends: Mapping[TP, int]) -> bool:
        """Whether everything before `ends` was returned by `poll`."""
        return all(self.positions[tp].offset >= end for tp, end in ends.items())
