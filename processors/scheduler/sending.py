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
from domain.account.commands import CancelTask, ExpireAttempt
from domain.decider import Context
from domain.errors import DomainError
from domain.scheduling.commands import AssignRun, RevokeRun
from domain.scheduling.plan import Action, refused, sent
from domain.scheduling.state import SchedulerState

log = structlog.get_logger(__name__)
ACTOR: Final = "service/scheduler"
_PATIENCE_S: Final = 5.0
"""The next plan sends an expiry or a cancellation again after this time."""


class Sending:
    """`own`: the owner of lathe.assignments, in this process and in this term."""

    def __init__(self, state: SchedulerState, own: PartitionOwner, commands: CommandClient) -> None:
        self._state, self._own, self._commands = state, own, commands
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, action: Action) -> None:
        """Send without waiting; what certainly came to nothing is planned anew."""
        sent(self._state, action, datetime.now(UTC))
        carry = self._append(action) if isinstance(action, AssignRun | RevokeRun) else self._tell(action)
        task = asyncio.create_task(carry)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Wait for nothing: the next term reads what was written."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _append(self, action: AssignRun | RevokeRun) -> None:
        context = _context(f"{type(action).__name__}/{action.task_id}/{action.attempt}/{new_id()}", action.task_id)
        try:
            await asyncio.shield(self._own.submit(Request(action, context)))
        except (DomainError, NotApplied, NotOwner, LogUnavailable) as error:
            log.warning("an assignment came to nothing", command=type(action).__name__, why=str(error))
            refused(self._state, action)

    async def _tell(self, action: ExpireAttempt | CancelTask) -> None:
        """The command id is the same each time the same thing is said."""
        attempt = action.attempt if isinstance(action, ExpireAttempt) else action.reason
        context = _context(f"{type(action).__name__}/{action.task_id}/{attempt}", action.task_id)
        partition = account_partition(action.account_id)
        log.info("an attempt is over", command=type(action).__name__, task=action.task_id, attempt=attempt)
        try:
            await self._commands.send(ACCOUNTS, partition, action, context, _PATIENCE_S)
        except DomainError as refusal:
            log.info("the account's owner knows better", task=action.task_id, why=refusal.detail)
            refused(self._state, action)
        except Unavailable as error:
            log.warning("an account's owner was not reached", task=action.task_id, why=error.detail)


def _context(command_id: str, correlation_id: str) -> Context:
    return Context(
        now=datetime.now(UTC),
        event_id=new_id(),
        command_id=command_id,
        actor=ACTOR,
        correlation_id=correlation_id,
    )
