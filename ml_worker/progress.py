"""Progress of one attempt in `lathe.progress`: at most every 250 ms, never back, the first and the last always told.

An attempt that is over within 50 ms tells none: it shows its end before anybody could see it move.
"""

import asyncio
import contextlib
import time
from typing import Final

import structlog

from adapters.kafka.port import AppendFailed, LogUnavailable
from adapters.kafka.topics import PROGRESS, account_partition
from adapters.kafka.writer import EventWriter
from domain.runs.events import RunProgressed
from domain.scheduling.events import RunAssigned
from ml_worker.journal import ACTOR

log = structlog.get_logger(__name__)
INTERVAL_S: Final = 0.25
QUIET_S: Final = 0.05
ENGINE_FROM: Final = 0.02
ENGINE_TO: Final = 0.95
"""The engine's own 0..1 is shown between these two; before it stands `prepare`, after it `upload`."""


class ProgressReport:
    """Coalesces what the engine tells. A write that fails is dropped: progress is no truth."""

    def __init__(self, writer: EventWriter, run: RunAssigned, correlation_id: str) -> None:
        self._writer, self._run, self._correlation_id = writer, run, correlation_id
        self._stage = "prepare"
        self._fraction = 0.0
        self._preview: str | None = None
        self._news = asyncio.Event()
        self._begin: asyncio.TimerHandle | None = None
        self._sender: asyncio.Task[None] | None = None
        self._told = False

    def start(self) -> None:
        """Nothing is told of a run that is over within `QUIET_S`."""
        self._begin = asyncio.get_running_loop().call_later(QUIET_S, self._send_on, self._event())

    def tell_engine(self, stage: str, fraction: float) -> None:
        """`fraction` 0..1 of the engine's work."""
        self.tell(stage, ENGINE_FROM + (ENGINE_TO - ENGINE_FROM) * fraction)

    def tell(self, stage: str, fraction: float) -> None:
        """`fraction` 0..1 of the whole attempt; less than before counts as before."""
        fraction = round(min(1.0, max(self._fraction, fraction)), 4)
        if (stage, fraction) != (self._stage, self._fraction):
            self._stage, self._fraction = stage, fraction
            self._news.set()

    def show(self, preview_sha256: str) -> None:
        """A preview picture lies in the object store."""
        self._preview = preview_sha256
        self._news.set()

    async def finish(self, stage: str, fraction: float) -> None:
        """Tell the last one, without waiting for the interval."""
        await self.stop()
        if self._told:
            self.tell(stage, fraction)
            await self._send(self._event())

    async def stop(self) -> None:
        if self._begin is not None:
            self._begin.cancel()
        if self._sender is not None:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
            self._sender = None

    def _send_on(self, first: RunProgressed) -> None:
        self._told = True
        self._sender = asyncio.create_task(self._send_for_ever(first), name="progress")

    async def _send_for_ever(self, event: RunProgressed) -> None:
        while True:
            began = time.monotonic()
            await asyncio.shield(asyncio.ensure_future(self._send(event)))
            await asyncio.sleep(max(0.0, INTERVAL_S - (time.monotonic() - began)))
            await self._news.wait()
            self._news.clear()
            event = self._event()

    def _event(self) -> RunProgressed:
        return RunProgressed(
            task_id=self._run.task_id,
            attempt=self._run.attempt,
            fraction=self._fraction,
            stage=self._stage,
            preview_sha256=self._preview,
        )

    async def _send(self, event: RunProgressed) -> None:
        account = self._run.account_id
        try:
            await self._writer.write(
                PROGRESS,
                account_partition(account),
                account,
                event,
                subject=event.task_id,
                actor=ACTOR,
                correlation_id=self._correlation_id,
            )
        except (AppendFailed, LogUnavailable) as error:
            log.warning("progress was not written", why=str(error))
