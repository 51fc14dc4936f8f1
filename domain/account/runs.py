"""What becomes of a task when its run says something, says nothing for too long, or is not wanted any more.

Attempts exist only here. What another attempt says, or what is said of a task that ended, or was said before
(`source_offset` below the partition's run position), changes nothing and is answered with an empty reply.

A cancelling task ends by what comes first: RunCancelled charges the used share; RunSucceeded completes it with the
full charge, because the result was made and is handed over; RunFailed and the end of the lease cancel it with a full
refund, whatever went wrong, because nobody waits for it any more.
"""

from typing import Final

import msgspec

from domain.account import commands as c
from domain.account.events import (
    Problem,
    TaskCancelled,
    TaskCancelRequested,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TaskStarted,
)
from domain.account.lookups import account_of, standing_of, task_of
from domain.account.state import Accounts, Status, Task
from domain.account.views import task_view
from domain.decider import Append, Context, Reply
from domain.errors import NotInState, PreconditionFailed
from domain.ids import derived_id
from domain.money import share

MAX_ATTEMPTS: Final = 3
RETRYABLE: Final = "retryable"
LEASE_EXPIRED: Final = "lease-expired"
RUN_CANCELLED: Final = "run-cancelled"
IGNORED: Final = Reply({})

RunCommand = c.ApplyRunStarted | c.ApplyRunSucceeded | c.ApplyRunFailed | c.ApplyRunCancelled


def cancel_task(state: Accounts, command: c.CancelTask, context: Context) -> Append | Reply:
    """At once while queued, else asked of the worker. Repeatable. A deadline cancels only what is still queued.

    Raises NotFound; PreconditionFailed; NotInState when it completed or failed.
    """
    account = account_of(state, command.account_id)
    standing = standing_of(state, account, command.task_id)
    if command.expected_seqs is not None and standing.seq not in command.expected_seqs:
        raise PreconditionFailed(
            f"The task is {standing.status.value} now, at its event {standing.seq}; look at it again.",
            task_status=standing.status.value,
            task_seq=standing.seq,
        )
    if standing.status in (Status.COMPLETED, Status.FAILED):
        raise NotInState(f"The task {standing.status.value} already.", status=standing.status.value)
    task = task_of(state, account, command.task_id)
    overtaken = command.reason == "deadline" and (
        task.status is not Status.QUEUED or task.deadline is None or context.now < task.deadline
    )
    if overtaken or task.status in (Status.CANCELLING, Status.CANCELLED):
        return Reply(task_view(state, command.account_id, account, command.task_id))
    if task.status is Status.QUEUED:
        return _cancelled(command, task, command.reason, None)
    event = TaskCancelRequested(task_id=command.task_id, attempt=task.attempt, reason=command.reason)
    return _append(command, task, event)


def expire_attempt(state: Accounts, command: c.ExpireAttempt, context: Context) -> Append | Reply:
    """Another attempt, the end of all attempts, or the end of a cancellation that nobody answered.

    Raises NotFound; NotInState when the task ended or is at another attempt already.
    """
    account = account_of(state, command.account_id)
    standing = standing_of(state, account, command.task_id)
    if standing.status.terminal or standing.attempt != command.attempt:
        raise NotInState(
            f"The task is {standing.status.value} at attempt {standing.attempt}.",
            status=standing.status.value,
            attempt=standing.attempt,
        )
    task = task_of(state, account, command.task_id)
    if task.status is Status.CANCELLING:
        return _cancelled(command, task, LEASE_EXPIRED, None)
    return _again(command, task, Problem(code=LEASE_EXPIRED, kind=RETRYABLE), None)


def run_started(state: Accounts, command: c.ApplyRunStarted, context: Context) -> Append | Reply:
    task = _addressed(state, command)
    if task is None or task.status is not Status.QUEUED:
        return IGNORED
    event = TaskStarted(
        task_id=command.task_id,
        attempt=command.attempt,
        worker_id=command.worker_id,
        source_offset=command.source_offset,
    )
    return _append(command, task, event)


def run_succeeded(state: Accounts, command: c.ApplyRunSucceeded, context: Context) -> Append | Reply:
    """Charges the full price. The result files get their ids here, the same whenever this is decided."""
    task = _addressed(state, command)
    if task is None:
        return IGNORED
    outputs = tuple(
        msgspec.structs.replace(output, file_id=_file_id(context, i)) for i, output in enumerate(command.outputs)
    )
    event = TaskCompleted(
        task_id=command.task_id,
        attempt=command.attempt,
        outputs=outputs,
        metrics=command.metrics,
        charged=task.reserved,
        released=0,
        source_offset=command.source_offset,
    )
    return _append(command, task, event)


def run_failed(state: Accounts, command: c.ApplyRunFailed, context: Context) -> Append | Reply:
    """Retryable problems get another attempt while there are some; all others end the task. Always refunded."""
    task = _addressed(state, command)
    if task is None:
        return IGNORED
    if task.status is Status.CANCELLING:
        return _cancelled(command, task, task.reason or "client", command.source_offset)
    if command.problem.kind == RETRYABLE:
        return _again(command, task, command.problem, command.source_offset)
    return _failed(command, task, command.problem, command.source_offset)


def run_cancelled(state: Accounts, command: c.ApplyRunCancelled, context: Context) -> Append | Reply:
    """Charges floor(price x used_fraction). A run that stopped though nobody asked for it gets another attempt."""
    task = _addressed(state, command)
    if task is None:
        return IGNORED
    if task.status is not Status.CANCELLING:
        return _again(command, task, Problem(code=RUN_CANCELLED, kind=RETRYABLE), command.source_offset)
    charged = min(share(task.price, command.used_fraction), task.reserved)
    return _cancelled(command, task, task.reason or "client", command.source_offset, charged)


def _addressed(state: Accounts, command: RunCommand) -> Task | None:
    """The task whose present attempt a run event speaks of, unless it ended or the event was decided on before."""
    if command.source_offset < state.runs_position:
        return None
    account = state.accounts.get(command.account_id)
    task = None if account is None else account.tasks.get(command.task_id)
    if task is None or task.status.terminal or task.attempt != command.attempt:
        return None
    return task


def _again(command: RunCommand | c.ExpireAttempt, task: Task, problem: Problem, source_offset: int | None) -> Append:
    if task.attempt >= MAX_ATTEMPTS:
        return _failed(command, task, problem, source_offset)
    event = TaskRetried(
        task_id=command.task_id, attempt=task.attempt + 1, reason=problem.code, source_offset=source_offset
    )
    return _append(command, task, event)


def _failed(command: RunCommand | c.ExpireAttempt, task: Task, problem: Problem, source_offset: int | None) -> Append:
    event = TaskFailed(
        task_id=command.task_id,
        attempt=task.attempt,
        problem=problem,
        released=task.reserved,
        source_offset=source_offset,
    )
    return _append(command, task, event)


def _cancelled(
    command: RunCommand | c.ExpireAttempt | c.CancelTask,
    task: Task,
    reason: str,
    source_offset: int | None,
    charged: int = 0,
) -> Append:
    event = TaskCancelled(
        task_id=command.task_id,
        attempt=task.attempt,
        reason=reason,
        charged=charged,
        released=task.reserved - charged,
        source_offset=source_offset,
    )
    return _append(command, task, event)


def _append(command: RunCommand | c.ExpireAttempt | c.CancelTask, task: Task, event: msgspec.Struct) -> Append:
    return Append(command.account_id, event, command.task_id, task_seq=task.seq + 1)


def _file_id(context: Context, index: int) -> str:
    """From the run event that brought the file, so that deciding on it again names it alike."""
    try:
        return derived_id(context.causation_id or context.event_id, index, context.partition)
    except ValueError:  # a foreign record in lathe.runs may have any ce_id
        return derived_id(context.event_id, index, context.partition)
