"""When an owner takes snapshots of its fold: between rounds, so that nothing in it is unacknowledged."""

import asyncio
import time
from typing import Any, Final

import structlog

from adapters.kafka.fold import PartitionFold
from adapters.kafka.metrics import SNAPSHOT_PAUSE, SNAPSHOTS_FAILED
from adapters.kafka.position import Position
from adapters.kafka.snapshot import take
from adapters.kafka.snapshots import Snapshots

FEW: Final = 500
"""Records that are not worth a snapshot when a process ends: they are read in no time."""
FINISH_S: Final = 5.0
log = structlog.get_logger(__name__)


class Keeping:
    """Serves one ownership. `since`: the offset that the snapshot it began with reaches, or 0."""

    def __init__(self, snapshots: Snapshots, since: int) -> None:
        self._snapshots, self._reached = snapshots, since
        self._writing: asyncio.Task[bool] | None = None

    def consider(self, fold: PartitionFold[Any], position: Position, last_record: str) -> None:
        """Take one if it is time. Everything before `position` must be acknowledged.

        Not while a stream is quarantined: whether its record can be folded is to be found out again from the log.
        """
        busy = self._writing is not None and not self._writing.done()
        if busy or fold.quarantined or position.offset - self._reached < self._snapshots.every:
            return
        self._take(fold, position, last_record)

    async def finish(self, fold: PartitionFold[Any], position: Position, last_record: str) -> None:
        """At an orderly end: the next owner should not have to read."""
        if not fold.quarantined and position.offset - self._reached >= min(FEW, self._snapshots.every):
            if self._writing is not None:
                await asyncio.wait([self._writing], timeout=FINISH_S)
            self._take(fold, position, last_record)
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=FINISH_S)

    def _take(self, fold: PartitionFold[Any], position: Position, last_record: str) -> None:
        began = time.perf_counter()
        self._reached = position.offset
        try:
            taken = take(fold, position, last_record)
        except Exception:  # a state that cannot be written (a number over 64 bits) is decided on all the same
            SNAPSHOTS_FAILED.labels(fold.tp[0]).inc()
            log.exception("no snapshot can be taken", topic=fold.tp[0], partition=fold.tp[1], offset=position.offset)
            return
        SNAPSHOT_PAUSE.labels(fold.tp[0]).observe(time.perf_counter() - began)
        self._writing = asyncio.create_task(self._snapshots.save(taken))
