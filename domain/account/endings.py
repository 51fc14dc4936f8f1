"""How tasks begin to run and end, and how their reservations are settled: exactly once each."""

from sys import intern

from domain.account.events import (
    TaskCancelled,
    TaskCancelRequested,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TaskStarted,
)
from domain.account.state import Account, Accounts, File, Status, Task
from domain.envelope import Envelope


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
    account = state.accounts[key]
    task = account.tasks[event.task_id]
    _end(account, event.task_id, Status.COMPLETED, event.charged, event.released, envelope)
    task.reason = None
    for output in event.outputs:
        account.files[output.file_id] = File(
            name=None,
            media_type=intern(output.media_type),
            bytes=output.bytes,
            sha256=output.sha256,
            created_at=envelope.time,
            task_id=event.task_id,
            format=intern(output.format),
        )
    task.outputs = tuple((intern(output.format), output.file_id) for output in event.outputs)
    _pass(state, event.source_offset)


def failed(state: Accounts, key: str, event: TaskFailed, envelope: Envelope) -> None:
    account = state.accounts[key]
    task = account.tasks[event.task_id]
    _end(account, event.task_id, Status.FAILED, event.charged, event.released, envelope)
    task.problem = event.problem
    _pass(state, event.source_offset)


def cancelled(state: Accounts, key: str, event: TaskCancelled, envelope: Envelope) -> None:
    account = state.accounts[key]
    task = account.tasks[event.task_id]
    _end(account, event.task_id, Status.CANCELLED, event.charged, event.released, envelope)
    task.reason = intern(event.reason)
    _pass(state, event.source_offset)


def _become(account: Account, task: Task, status: Status) -> None:
    account.queued += (status is Status.QUEUED) - (task.status is Status.QUEUED)
    task.status = status
    task.seq += 1


def _end(account: Account, task_id: str, status: Status, charged: int, released: int, envelope: Envelope) -> None:
    task = account.tasks[task_id]
    _become(account, task, status)
    task.reserved -= charged + released
    task.charged += charged
    task.ended_at = envelope.time
    wallet = account.wallet
    wallet.reserved -= charged + released
    wallet.charged += charged
    wallet.balance += released
    account.live.pop(task_id, None)


def _pass(state: Accounts, source_offset: int | None) -> None:
    if source_offset is not None:
        state.runs_position = max(state.runs_position, source_offset + 1)
