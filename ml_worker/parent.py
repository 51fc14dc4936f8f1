"""The worker's parent process: it holds runs, gives them to slots, and says what it holds in its heartbeats."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from adapters.kafka.writer import EventWriter
from domain.envelope import Envelope
from domain.runs.events import DrainRequested, Engine, HeldRun, WorkerBeat
from domain.scheduling.events import RunAssigned, RunRevoked
from ml_worker.api import CommandApi
from ml_worker.attempt import Attempt
from ml_worker.lease import Lease
from ml_worker.orders import Orders
from ml_worker.pace import Pace
from ml_worker.slot import Slot, offers_of

log = structlog.get_logger(__name__)
_LAST_WORDS_S: Final = 5.0
"""How long stopped runs may take to give themselves back when the worker ends."""

_LEAVE_AFTER_S: Final = 3.0
"""A drained worker leaves when it has had no run for so long: one may have been given to it just before."""


class Worker:
    """`worker_id` is new at each start. `on_change` is called when a heartbeat has news."""

    def __init__(
        self,
        worker_id: str,
        slots: Sequence[Slot],
        *,
        api: CommandApi,
        writer: EventWriter,
        lease: Lease,
        folder: Path,
        host: str,
        started_at: datetime,
        most_s: float = 900.0,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.worker_id = worker_id
        self._slots = slots
        self._free: asyncio.Queue[Slot] = asyncio.Queue()
        for slot in slots:
            self._free.put_nowait(slot)
        self._api, self._writer, self._lease = api, writer, lease
        self._orders, self._pace = Orders(api), Pace()
        self._folder, self._host, self._started_at, self._most_s = folder, host, started_at, most_s
        self._on_change = on_change
        self._attempts: dict[tuple[str, int], Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._giving_back = False
        self._stopping = False
        self._leave = False
        self.left = asyncio.Event()
        """Set once it was drained to leave, and all its runs ended."""
        self.assignments_offset = 0

    def beat(self) -> WorkerBeat:
        """The heartbeat of this moment."""
        loaded = frozenset(name for slot in self._slots for name in slot.loaded)
        return WorkerBeat(
            worker_id=self.worker_id,
            host=self._host,
            device=next((slot.device for slot in self._slots if slot.device), ""),
            slots=len(self._slots),
            engines=tuple(
                Engine(name, description.version, name in loaded)
                for name, description in offers_of(self._slots).items()
            ),
            running=tuple(HeldRun(task_id, attempt) for task_id, attempt in self._attempts),
            assignments_offset=self.assignments_offset,
            started_at=self._started_at,
            draining=self._draining,
            stopping=self._stopping,
        )

    def assign(self, run: RunAssigned, envelope: Envelope) -> None:
        """Take a run: it starts when a slot is free."""
        key = (run.task_id, run.attempt)
        if key in self._attempts:
            return
        attempt = Attempt(
            run,
            envelope,
            api=self._api,
            orders=self._orders,
            writer=self._writer,
            lease=self._lease,
            pace=self._pace,
            folder=self._folder / f"{run.task_id}-{run.attempt}",
            most_s=self._most_s,
        )
        self._attempts[key] = attempt
        if self._giving_back:
            attempt.stop("stopping")
        task = asyncio.create_task(self._carry_out(key, attempt), name=f"run {run.task_id}/{run.attempt}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._on_change()

    def revoke(self, event: RunRevoked) -> None:
        """Stop a run. Only a cancelled one is answered in the log."""
        attempt = self._attempts.get((event.task_id, event.attempt))
        if attempt is not None:
            attempt.stop("cancelled" if event.reason == "cancelled" else "abandoned")

    async def lapse(self) -> None:
        """The lease was lost: whatever runs here is another worker's by now."""
        for attempt in self._attempts.values():
            attempt.stop("lapsed")

    def retire(self, event: DrainRequested) -> None:
        """Say that nothing new is wanted; what was given by then, or crossed this on its way, is finished."""
        log.info("worker is drained", worker=self.worker_id, runs=len(self._attempts), leave=event.leave)
        self._draining = True
        self._leave = self._leave or event.leave
        self._on_change()
        self._leave_soon()

    def _leave_soon(self) -> None:
        """Unless a run comes that was on its way."""
        if self._leave and not self._attempts:
            asyncio.get_running_loop().call_later(_LEAVE_AFTER_S, self._leave_if_idle)

    def _leave_if_idle(self) -> None:
        if not self._attempts:
            self.left.set()

    async def drain(self, patience_s: float) -> None:
        """Take nothing new; let runs go on for `patience_s`, then give them back."""
        self._draining = self._giving_back = True
        self._on_change()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience_s)
        for attempt in self._attempts.values():
            attempt.stop("stopping")
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=_LAST_WORDS_S)
            for task in late:
                task.cancel()
        self._stopping = True

    async def _carry_out(self, key: tuple[str, int], attempt: Attempt) -> None:
        try:
            await attempt.carry_out(self._free)
        finally:
            del self._attempts[key]
            self._on_change()
            self._leave_soon()
