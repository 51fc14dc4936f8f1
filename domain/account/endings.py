"""How tasks begin to run and end, and how their reservations are settled: exactly once each."""

from sys import intern
from typing import Final

from domain.account.events import (
    Output,
    TaskCancelled,
    TaskCancelRequested,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TaskStarted,
)
from domain.account.state import Account, Accounts, File, Status, Task
from domain.envelope import Envelope

End = TaskCompleted | TaskFailed | TaskCancelled
STATUS: Final[dict[type[End], Status]] = {
    TaskCompleted: Status.COMPLETED,
    TaskFailed: Status.FAILED,
    TaskCancelled: Status.CANCELLED,
}
"""What a task is after its last event."""


def started(state: Accounts, key: str, event: TaskStarted, envelope: Envelope) -> None:
    account = state.accounts[key]
    task = account.tasks[event.task_id]
    _become(account, task, Status.RUNNING)
    task.started_at = envelope.time
    _pass(state, event.source_offset)


def retried(state: Accounts, key: str, event: TaskRetried, envelope: Envelope) -> None:
    account = state.accounts[key]
    task = account.tasks[event.task_id]
    _become(account, task, Status.QUEUED)
    task.attempt = event.attempt
    _pass(state, event.source_offset)


def cancel_requested(state: Accounts, key: str, event: TaskCancelRequested, envelope: Envelope) -> None:
    account = state.accounts[key]
    task = account.tasks[event.task_id]
    _become(account, task, Status.CANCELLING)
    task.reason = intern(event.reason)


def completed(state: Accounts, key: str, event: TaskCompleted, envelope: Envelope) -> None:
    """The outputs become files of the account."""
    _end(state, key, event, envelope)
    account = state.accounts[key]
    for output in event.outputs:
        account.files[output.file_id] = result(output, event.task_id, envelope)
        state.archive.stored.append((key, output.file_id))
    _pass(state, event.source_offset)


def failed(state: Accounts, key: str, event: TaskFailed, envelope: Envelope) -> None:
    _end(state, key, event, envelope)
    _pass(state, event.source_offset)


def cancelled(state: Accounts, key: str, event: TaskCancelled, envelope: Envelope) -> None:
    _end(state, key, event, envelope)
    _pass(state, event.source_offset)


def _become(account: Account, task: Task, status: Status) -> None:
    account.queued += (status is Status.QUEUED) - (task.status is Status.QUEUED)
    task.status = status
    task.seq += 1


def _end(state: Accounts, key: str, event: End, envelope: Envelope) -> None:
    account = state.accounts[key]
    task = account.tasks[event.task_id]
    _become(account, task, STATUS[type(event)])
    settle(task, event, envelope)
    wallet = account.wallet
    wallet.reserved -= event.charged + event.released
    wallet.charged += event.charged
    wallet.balance += event.released
    account.live.pop(event.task_id, None)
    state.archive.ended.append((key, event.task_id))


def settle(task: Task, event: End, envelope: Envelope) -> None:
    """What its last event tells of a task."""
    task.status = STATUS[type(event)]
    task.reserved -= event.charged + event.released
    task.charged += event.charged
    task.ended_at = envelope.time
    task.ended = envelope.offset
    task.reason = intern(event.reason) if isinstance(event, TaskCancelled) else None
    if isinstance(event, TaskCompleted):
        task.outputs = tuple((intern(output.format), output.file_id) for output in event.outputs)
    elif isinstance(event, TaskFailed):
        task.problem = event.problem


def result(output: Output, task_id: str, envelope: Envelope) -> File:
    """A file that a task made."""
    return File(
        name=None,
        media_type=intern(output.media_type),
        bytes=output.bytes,
        sha256=output.sha256,
        created_at=envelope.time,
        task_id=task_id,
        format=intern(output.format),
        offset=envelope.offset,
    )


def _pass(state: Accounts, source_offset: int | None) -> None:
    if source_offset is not None:
        state.runs_position = max(state.runs_position, source_offset + 1)
