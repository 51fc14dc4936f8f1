"""Carrying out a plan: assignments go to this process's own partition, expiries and cancellations to account owners."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.commands.client import CommandClient
from adapters.errors import Unavailable
from adapters.ids import new_id
from adapters.kafka.owner import PartitionOwner
from adapters.kafka.port import LogUnavailable
from adapters.kafka.requests import NotApplied, NotOwner, Request
from adapters.kafka.topics import ACCOUNTS, account_partition
from adapters.telemetry import tracing
from adapters.telemetry.subject import about, bind
from domain.account.commands import CancelTask, ExpireAttempt
from domain.decider import Context
from domain.errors import DomainError
from domain.scheduling.commands import AssignRun, RevokeRun
from domain.scheduling.plan import MOST, Action, refused, sent
from domain.scheduling.state import SchedulerState, Task
from processors.scheduler import metrics

log = structlog.get_logger(__name__)
ACTOR: Final = "service/scheduler"
_PATIENCE_S: Final = 5.0
"""The next plan sends an expiry or a cancellation again after this time."""


class Sending:
    """`own`: the owner of lathe.assignments, in this process and in this term."""

    def __init__(self, state: SchedulerState, own: PartitionOwner, commands: CommandClient) -> None:
        self._state, self._own, self._commands = state, own, commands
        self._tasks: set[asyncio.Task[None]] = set()
        self._telling = 0

    @property
    def room(self) -> int:
        """How many more commands to account owners may be under way."""
        return max(0, MOST - self._telling)

    def send(self, action: Action) -> None:
        """Send without waiting; what certainly came to nothing is planned anew."""
        sent(self._state, action, datetime.now(UTC))
        if isinstance(action, AssignRun | RevokeRun):
            task = asyncio.create_task(self._append(action))
        else:
            task = asyncio.create_task(self._tell(action))
            self._telling += 1  # at once: the next plan may be made before the task's first step
            task.add_done_callback(self._told)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Wait for nothing: the next term reads what was written."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def _told(self, _: asyncio.Task[None]) -> None:
        self._telling -= 1

    async def _append(self, action: AssignRun | RevokeRun) -> None:
        command_id = f"{type(action).__name__}/{action.task_id}/{action.attempt}/{new_id()}"
        origin = self._state.tasks.get(action.task_id)
        with (
            about(task_id=action.task_id, **_ids(origin)),
            tracing.start("schedule", None if origin is None else origin.traceparent, "consumer") as span,
        ):
            span.set(lathe__task_id=action.task_id, lathe__attempt=action.attempt)
            await self._submit(action, _context(command_id, origin, span.traceparent), origin)

    async def _submit(self, action: AssignRun | RevokeRun, context: Context, origin: Task | None) -> None:
        if isinstance(action, AssignRun):
            metrics.ASSIGNED.labels(action.model).inc()
            if origin is not None and origin.requested_at is not None and action.attempt == 1:
                waited = (context.now - origin.requested_at).total_seconds()
                metrics.WAITED.labels(action.model).observe(max(0.0, waited))
        try:
            await asyncio.shield(self._own.submit(Request(action, context)))
        except (DomainError, NotApplied, NotOwner, LogUnavailable) as error:
            log.warning("an assignment came to nothing", command=type(action).__name__, why=str(error))
            refused(self._state, action)

    async def _tell(self, action: ExpireAttempt | CancelTask) -> None:
        """The command id is the same each time the same thing is said."""
        attempt = action.attempt if isinstance(action, ExpireAttempt) else action.reason
        origin = self._state.tasks.get(action.task_id)
        traceparent = None if origin is None else origin.traceparent
        context = _context(f"{type(action).__name__}/{action.task_id}/{attempt}", origin, traceparent)
        bind(task_id=action.task_id, account=action.account_id, **_ids(origin))
        partition = account_partition(action.account_id)
        log.info("an attempt is over", command=type(action).__name__, attempt=attempt)
        try:
            await self._commands.send(ACCOUNTS, partition, action, context, _PATIENCE_S)
        except DomainError as refusal:
            log.info("the account's owner knows better", why=refusal.detail)
            refused(self._state, action)
        except Unavailable as error:
            log.warning("an account's owner was not reached", why=error.detail)


def _ids(origin: Task | None) -> dict[str, str | None]:
    """What the task's own request was known by."""
    return {} if origin is None else {"correlation_id": origin.correlation_id, "traceparent": origin.traceparent}


def _context(command_id: str, origin: Task | None, traceparent: str | None) -> Context:
    return Context(
        now=datetime.now(UTC),
        event_id=new_id(),
        command_id=command_id,
        actor=ACTOR,
        correlation_id=command_id if origin is None else origin.correlation_id,
        traceparent=traceparent,
    )
