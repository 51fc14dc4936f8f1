"""Telling accounts how their queued tasks stand: `QueueChanged` in lathe.progress, at most once a second each."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.kafka.port import AppendFailed, LogUnavailable
from adapters.kafka.topics import PROGRESS, account_partition
from adapters.kafka.writer import EventWriter
from domain.runs.events import QueueChanged
from domain.scheduling.queue import QueueView, look_ahead
from domain.scheduling.state import SchedulerState

log = structlog.get_logger(__name__)
INTERVAL_S: Final = 1.0
SHARE: Final = 0.05
"""Of the process's time that this may take at most: a queue of a hundred thousand is told of less often."""
MOST_TASKS: Final = 100
"""Of one account in one record: the first in the queue, five times as many as it may usually have there."""
_ETA_MATTERS: Final = 0.25
"""A new estimate is told when it moved by more than this share, and by more than 2 s."""


class QueueNews:
    """Remembers what it told each account, and tells only what changed."""

    def __init__(self, writer: EventWriter, state: SchedulerState) -> None:
        self._writer, self._state = writer, state
        self._told: dict[str, QueueChanged] = {}

    async def go(self) -> None:
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self.tell()
            except (AppendFailed, LogUnavailable) as error:
                log.warning("queue positions were not told", why=str(error))
            took = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(INTERVAL_S - took, took / SHARE))

    async def tell(self) -> None:
        """One round. Raises AppendFailed, LogUnavailable; what was not told is told in the next round."""
        if self._state.leases_from is None or not (self._state.waiting or self._told):
            return
        view = await self._looked_ahead()
        for account_id in self._told.keys() - view.accounts.keys():
            await self._write(account_id, QueueChanged(tasks=(), total=view.total))
            del self._told[account_id]
        for account_id, news in view.accounts.items():
            if _differs(self._told.get(account_id), news):
                await self._write(account_id, news)
                self._told[account_id] = news

    async def _looked_ahead(self) -> QueueView:
        """The queue as it stands, seen bit by bit: nobody else in this process is held up by its length."""
        looking = look_ahead(self._state, datetime.now(UTC), MOST_TASKS)
        while True:
            try:
                next(looking)
            except StopIteration as seen:
                view: QueueView = seen.value
                return view
            await asyncio.sleep(0)

    async def _write(self, account_id: str, news: QueueChanged) -> None:
        await self._writer.write(
            PROGRESS,
            account_partition(account_id),
            account_id,
            news,
            subject=account_id,
            actor="service/scheduler",
            correlation_id=account_id,
        )


def _differs(told: QueueChanged | None, news: QueueChanged) -> bool:
    if told is None or told.no_worker_for != news.no_worker_for or len(told.tasks) != len(news.tasks):
        return True
    return any(
        (a.task_id, a.position) != (b.task_id, b.position) or _moved(a.eta_s, b.eta_s)
        for a, b in zip(told.tasks, news.tasks, strict=True)
    )


def _moved(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is not now
    return abs(now - before) > max(2.0, before * _ETA_MATTERS)
