"""The scheduler: while it owns lathe.assignments it reads, plans and sends, in rounds."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.commands.client import CommandClient
from adapters.kafka.lag import watch_lag
from adapters.kafka.owner import PartitionOwner
from adapters.kafka.port import Log, LogUnavailable
from adapters.kafka.writer import EventWriter
from domain.scheduling.leases import pass_deadlines
from domain.scheduling.plan import Plan
from domain.scheduling.state import SchedulerState
from processors.scheduler import metrics
from processors.scheduler.queue_figures import EVERY_S, QueueFigures
from processors.scheduler.queue_news import QueueNews
from processors.scheduler.reading import ASSIGNMENTS, Reading
from processors.scheduler.sending import Sending

_TELL_S: Final = 10.0
log = structlog.get_logger(__name__)


class Scheduler:
    """`lead` runs beside each ownership of lathe.assignments. Every term folds anew: nothing is carried over."""

    def __init__(self, log_: Log, commands: CommandClient, writer: EventWriter) -> None:
        self._log, self._commands, self._writer = log_, commands, writer

    async def lead(self, owner: PartitionOwner) -> None:
        """Until cancelled. Raises LogUnavailable, LogTruncated: then the ownership is given up."""
        assert owner.claim is not None, "lead() runs beside an ownership"
        reading = Reading(self._log, {ASSIGNMENTS: owner.claim.offset + 1})
        sending = Sending(reading.state, owner, self._commands)
        news = asyncio.create_task(QueueNews(self._writer, reading.state).go(), name="queue news")
        lag = asyncio.create_task(watch_lag("scheduler", reading.ends, reading.positions, (LogUnavailable,)))
        figures, next_figures = QueueFigures(), 0.0
        try:
            await reading.start()
            await _catch_up(reading)
            log.info("scheduling", tasks=len(reading.state.tasks), runs=len(reading.state.runs))
            metrics.LEADING.set(1)
            while not news.done():
                await reading.round()
                for _ in pass_deadlines(reading.state, datetime.now(UTC)):
                    await asyncio.sleep(0)
                for action in Plan.of(reading.state, datetime.now(UTC), sending.room):
                    sending.send(action)
                await asyncio.sleep(0)  # a round with records at hand waits for nothing; others want their turn
                if time.monotonic() >= next_figures:
                    next_figures = time.monotonic() + EVERY_S
                    figures.tell(reading.state, datetime.now(UTC))
            news.result()
        finally:
            metrics.LEADING.set(0)
            figures.tell(SchedulerState(), datetime.now(UTC))  # who leads no more knows of no queue
            news.cancel()
            lag.cancel()
            await asyncio.wait([news, lag])
            await sending.stop()
            await reading.stop()


async def _catch_up(reading: Reading) -> None:
    """Says now and then how far it is: after millions of tasks this takes minutes, in which nobody is given a run."""
    next_told = time.monotonic() + _TELL_S
    while not reading.caught_up:
        await reading.round()
        await asyncio.sleep(0)  # as above
        if time.monotonic() >= next_told:
            next_told = time.monotonic() + _TELL_S
            read, records = reading.progress()
            log.info("reading the log; no run is assigned before its end", read=read, records=records)
