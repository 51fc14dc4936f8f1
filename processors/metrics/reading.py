"""The stream of lathe.accounts into the tables, by the read rule.

Where the tables stand is the truth about what was counted, not the offsets that Faust commits: its agents acknowledge
an event even when they failed on it, and a crash may lose the last writes to a changelog. So a record before the
tables' position is passed over, and one behind a gap makes the consumer go back to that position.
"""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import structlog

from adapters.kafka.follower import read
from adapters.kafka.position import Position
from adapters.kafka.record import Record, Undecodable
from adapters.telemetry.privacy import silent_trace
from processors.metrics.figures import REREADS, SKIPPED, TAKEN
from processors.metrics.tables import KEPT_S, MINUTE_S
from processors.metrics.usage import OpenTask, Window, take

log = structlog.get_logger(__name__)


class UsageTables(Protocol):
    """What `tables.py` keeps in Faust."""

    def position(self, partition: int) -> Position: ...

    def advance(self, partition: int, position: Position) -> None: ...

    def tasks(self, partition: int) -> MutableMapping[str, OpenTask]: ...

    def add(self, partition: int, model: str, amounts: Window) -> None: ...

    def drop(self, partition: int, before: float) -> int: ...


class Reading:
    """`seek(partition, offset)` makes the consumer deliver from there on."""

    def __init__(
        self,
        tables: UsageTables,
        seek: Callable[[int, int], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tables, self._seek, self._clock = tables, seek, clock
        self._sought: dict[int, int] = {}
        self._swept: dict[int, float] = {}

    async def take(self, record: Record) -> None:
        """Take one record in. Never fails on what stands in it."""
        partition = record.partition
        position = self._tables.position(partition)
        if record.offset < position.offset:
            return
        if record.offset > position.offset:
            await self._go_back(partition, position, record.offset)
            return
        self._sought.pop(partition, None)
        entry = read(position, record)
        try:
            if entry.kind == "event":
                self._count(entry.decoded, record)
        except Exception as error:  # noqa: BLE001 - one record must not end the stream: Faust would lose its place
            SKIPPED.inc()
            log.error("a record was not counted", partition=partition, offset=record.offset, **silent_trace(error))
        self._tables.advance(partition, entry.after)
        TAKEN.inc()

    def _count(self, decoded: Any, record: Record) -> None:
        if isinstance(decoded, Undecodable) or decoded is None:
            SKIPPED.inc()
            return
        envelope, event = decoded
        partition, now = record.partition, self._clock()
        is_kept = record.timestamp / 1000 >= now - KEPT_S

        def add(model: str, amounts: Window) -> None:
            if is_kept:
                self._tables.add(partition, model, amounts)

        take(event, envelope, self._tables.tasks(partition), add)
        if now - self._swept.get(partition, 0.0) >= MINUTE_S:
            self._swept[partition] = now
            self._tables.drop(partition, now - KEPT_S)

    async def _go_back(self, partition: int, position: Position, offset: int) -> None:
        """Once for each gap: what is still delivered from behind it is passed over."""
        if self._sought.get(partition) == position.offset:
            return
        self._sought[partition] = position.offset
        REREADS.inc()
        log.warning("the tables lack records; reading again", partition=partition, at=offset, start=position.offset)
        await self._seek(partition, position.offset)
