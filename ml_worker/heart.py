"""Heartbeats: every 2 s, and at once when something changes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from adapters.kafka.port import AppendFailed, LogUnavailable
from adapters.kafka.topics import WORKERS
from adapters.kafka.writer import EventWriter
from domain.runs.events import WorkerBeat
from ml_worker.lease import Lease

log = structlog.get_logger(__name__)
INTERVAL_S: Final = 2.0
_GAP_S: Final = 0.2
"""Changes within this time go out as one beat."""


class Heart:
    """`compose` makes the beat of this moment; `on_lapse` is called when the lease was lost."""

    def __init__(
        self,
        writer: EventWriter,
        lease: Lease,
        compose: Callable[[], WorkerBeat],
        on_lapse: Callable[[], Awaitable[None]],
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._writer, self._lease = writer, lease
        self._compose, self._on_lapse = compose, on_lapse
        self._interval_s = interval_s
        self._changed = asyncio.Event()
        self.first = asyncio.Event()
        """Set when the first beat stands in the log."""

    def hurry(self) -> None:
        """Something changed: beat at once."""
        self._changed.set()

    async def beat(self) -> bool:
        """Write one heartbeat. False if the broker did not take it."""
        sent_at = self._lease.now()
        event = self._compose()
        try:
            await self._writer.write(
                WORKERS,
                0,
                event.worker_id,
                event,
                subject=event.worker_id,
                actor="service/ml_worker",
                correlation_id=event.worker_id,
            )
        except (AppendFailed, LogUnavailable) as error:
            log.warning("a heartbeat was not written", why=str(error))
            return False
        self._lease.renew(sent_at)
        self.first.set()
        return True

    async def go(self) -> None:
        """Beat for ever."""
        while True:
            self._changed.clear()
            written = await self.beat()
            if not written:
                await asyncio.sleep(0.2)
                continue
            await asyncio.sleep(_GAP_S)
            try:
                async with asyncio.timeout(self._interval_s - _GAP_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def watch(self) -> None:
        """Call `on_lapse` whenever a term of the lease ends. Runs for ever, beside `go`."""
        await self.first.wait()
        term = self._lease.term
        while True:
            await asyncio.sleep(0.2)
            before, term = term, self._lease.term
            if before is not None and before != term:
                log.error("no heartbeat was acknowledged in time: the runs are given up")
                await self._on_lapse()
