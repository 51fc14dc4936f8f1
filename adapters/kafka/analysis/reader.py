"""The reader itself: batches of chosen events, each with the positions after it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

import msgspec

from adapters.kafka.analysis.beginning import Beginning, begin_at
from adapters.kafka.analysis.selection import Selection
from adapters.kafka.analysis.told import ReadEvent
from adapters.kafka.cluster import LogIdentity, identify
from adapters.kafka.follower import Follower
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.port import Log
from adapters.kafka.position import TP, Position

POLL_MS: Final = 1000


class Kept(Protocol):
    """Where a reader was last: a `Bookmark`, or what keeps a place together with its results."""

    def load(self, identity: LogIdentity) -> dict[TP, Position] | None:
        """None before the first time. Raises WrongBookmark."""
        ...


class Batch(msgspec.Struct, frozen=True):
    """What was read at once. Void records and those that were not chosen have moved `positions` on as well."""

    events: list[ReadEvent]
    positions: dict[TP, Position]
    """After this batch: what a bookmark keeps."""
    records: int
    """How many were looked at."""


class EventReader:
    """Yields batches until the ends that stood when it began, or for ever when it follows.

    Order is the log's within a partition; there is none between partitions.
    """

    def __init__(
        self, log: Log, identity: LogIdentity, selection: Selection, beginning: Beginning, ends: Mapping[TP, int] | None
    ) -> None:
        self.identity = identity
        self._log, self._selection, self._beginning, self._ends = log, selection, beginning, ends
        self._follower = Follower(log, beginning.positions)

    @property
    def positions(self) -> dict[TP, Position]:
        """Where it stands."""
        return dict(self._follower.positions)

    @property
    def left(self) -> int:
        """Records to look at still, up to the ends; 0 for one that follows."""
        positions = self._follower.positions
        return sum(max(0, end - positions[tp].offset) for tp, end in (self._ends or {}).items())

    async def start(self) -> None:
        """Raises LogUnavailable."""
        await self._follower.start()

    async def stop(self) -> None:
        await self._follower.stop()

    async def __aiter__(self) -> AsyncIterator[Batch]:
        """Raises LogTruncated; LogUnavailable when the broker goes away, unless it follows: then it waits."""
        while self._ends is None or not self._follower.has_passed(self._ends):
            entries = await self._follower.poll(POLL_MS)
            if not entries:
                if self._ends is not None:
                    await self._log.ends(self._ends)  # a broker that is gone only seems silent
                continue
            events = []
            for entry in entries:
                self._beginning.check(entry)
                shown = entry.record.offset >= self._beginning.first[(entry.record.topic, entry.record.partition)]
                if shown and entry.kind == "event" and self._selection.takes(read := ReadEvent.of(entry)):
                    events.append(read)
            yield Batch(events, self.positions, len(entries))


@asynccontextmanager
async def read_events(
    log: Log | str,
    selection: Selection | None = None,
    *,
    bookmark: Kept | None = None,
    offsets: Mapping[TP, int] | None = None,
    at_end: bool = False,
    follow: bool = False,
    identity: LogIdentity | None = None,
) -> AsyncIterator[EventReader]:
    """Open a reader. `log`: the broker's bootstrap servers, or a log (then with its `identity`).

    It begins at the `bookmark` if that was ever saved (and shows nothing before `offsets`); else at `offsets`, each
    partition by itself; else at the log's end (`at_end`), where `selection.since` begins, or with the first record.
    Saving the bookmark is the caller's: together with, or after, what was made of the batch. Raises LogUnavailable,
    LogTruncated, WrongBookmark.
    """
    chosen = selection or Selection()
    tps = chosen.partitions()
    if isinstance(log, str):
        identity = await identify(log, tuple(dict.fromkeys(topic for topic, _ in tps)))
    if identity is None:
        raise ValueError("a log that is handed over comes with its identity")
    opened = KafkaLog(log) if isinstance(log, str) else log
    try:
        ends = await opened.ends(tps)
        beginning = await _begin(opened, identity, chosen, bookmark, offsets or {}, ends if at_end else None)
        reader = EventReader(opened, identity, chosen, beginning, None if follow else ends)
        try:
            await reader.start()
            yield reader
        finally:
            await reader.stop()
    finally:
        if isinstance(log, str):
            await opened.close()


async def _begin(
    log: Log,
    identity: LogIdentity,
    selection: Selection,
    bookmark: Kept | None,
    offsets: Mapping[TP, int],
    ends: Mapping[TP, int] | None,
) -> Beginning:
    tps = selection.partitions()
    kept = bookmark.load(identity) if bookmark is not None else None
    if kept is not None:
        beginnings = await log.beginnings(tps)
        positions = {tp: kept.get(tp, Position(beginnings[tp])) for tp in tps}
        first = {tp: max(position.offset, offsets.get(tp, 0)) for tp, position in positions.items()}
        return Beginning(positions, first, {})
    if ends is not None:
        wanted = dict(ends)
    elif selection.since is not None:
        wanted = await log.offsets_at(tps, int(selection.since.timestamp() * 1000))
    else:
        wanted = dict.fromkeys(tps, 0)
    return await begin_at(log, wanted | {tp: offset for tp, offset in offsets.items() if tp in wanted})
