"""Following `lathe.assignments`: what the scheduler gives to this worker, and what it takes back.

`lathe.workers` is followed beside it, from its end on: an operator may want the worker drained.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from adapters.kafka.directory import Directory
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.port import Log, LogUnavailable
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Undecodable
from adapters.kafka.topics import ASSIGNMENTS, WORKERS
from domain.envelope import Envelope
from domain.runs.events import DrainRequested
from domain.scheduling.events import RunAssigned, RunRevoked
from ml_worker.backoff import delays

log = structlog.get_logger(__name__)
_TP: Final[TP] = (ASSIGNMENTS.name, 0)
_WORKERS: Final[TP] = (WORKERS.name, 0)


class Assignments:
    """A worker needs no older state, so it starts right after the newest claim (docs/decisions/0001, rule 2)."""

    def __init__(
        self,
        log_: Log,
        worker_id: str,
        on_assigned: Callable[[RunAssigned, Envelope], None],
        on_revoked: Callable[[RunRevoked], None],
        on_drain: Callable[[DrainRequested], None],
    ) -> None:
        self._log, self._worker_id = log_, worker_id
        self._on_assigned, self._on_revoked, self._on_drain = on_assigned, on_revoked, on_drain
        self._follower: Follower | None = None
        self.offset = 0
        """Nothing before this offset was or will be seen."""

    async def start(self) -> None:
        """Waits for the broker. Raises LogTruncated."""
        for wait in delays(most_s=2.0):
            try:
                start, told = await _start(self._log), (await self._log.ends([_WORKERS]))[_WORKERS]
                follower = Follower(self._log, {_TP: start, _WORKERS: Position(told)})
                await follower.start()
            except LogUnavailable as error:
                log.warning("the broker does not answer yet", why=str(error))
                await asyncio.sleep(wait)
            else:
                self.offset, self._follower = start.offset, follower
                return

    async def stop(self) -> None:
        if self._follower is not None:
            await self._follower.stop()
            self._follower = None

    async def go(self) -> None:
        """Follow for ever. Raises LogTruncated: another log stands where this one stood."""
        assert self._follower is not None, "start() comes first"
        while True:
            try:
                entries = await self._follower.poll(1000)
            except LogUnavailable as error:
                log.warning("assignments cannot be read now", why=str(error))
                await asyncio.sleep(0.2)
                continue
            for entry in entries:
                self._take(entry)

    def _take(self, entry: Entry) -> None:
        if entry.decoded is None:
            return
        if isinstance(entry.decoded, Undecodable):
            record = entry.record
            log.error("an order cannot be read", topic=record.topic, offset=record.offset, why=entry.decoded.why)
            return
        envelope, event = entry.decoded
        if isinstance(event, RunAssigned) and event.worker_id == self._worker_id:
            self._on_assigned(event, envelope)
        elif isinstance(event, RunRevoked) and event.worker_id == self._worker_id:
            self._on_revoked(event)
        elif isinstance(event, DrainRequested) and event.worker_id == self._worker_id:
            self._on_drain(event)


async def _start(log_: Log) -> Position:
    directory = Directory(log_)
    await directory.start()
    try:
        claim = directory.owner(_TP)
    finally:
        await directory.stop()
    if claim is None:
        return Position()
    return Position(claim.offset + 1, claim.epoch, claim.nonce, 0)
