"""From whole to a row and back: what grows old is put away; what is asked about is read again and is whole a while."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from domain.account.archive import Ended
from domain.account.beginnings import BEGINNING, beginnings_of
from domain.account.endings import STATUS, result, settle
from domain.account.events import BatchRequested, FileStored, TaskCompleted, TaskRequested
from domain.account.files import uploaded
from domain.account.requests import brought_field, queued
from domain.account.state import Account, Accounts, File, Task
from domain.decider import Recalled
from domain.envelope import Envelope


def put_away(state: Accounts, tasks: int, files: int) -> None:
    """Keep only the latest `tasks` that ended, and the latest `files`, whole. What does not fit a row stays whole."""
    archive = state.archive
    while len(archive.ended) > tasks:
        account_id, task_id = archive.ended.pop(0)
        _put_task(state, state.accounts[account_id], task_id)
    while len(archive.stored) > files:
        account_id, file_id = archive.stored.pop(0)
        account = state.accounts[account_id]
        file = account.files.get(file_id)
        if file is not None and archive.keep_file(account.number, file_id, file.offset):
            del account.files[file_id]


def _put_task(state: Accounts, account: Account, task_id: str) -> None:
    task = account.tasks.get(task_id)
    if task is None or task.reserved:  # only a log that no owner wrote has such
        return
    row = Ended(task.status, task.attempt, task.seq, task.requested, task.ended, task.started_at)
    if not state.archive.keep_task(account.number, task_id, row):
        return
    del account.tasks[task_id]
    batch = task.batch_id
    if batch is None or any(other in account.tasks for other in reversed(account.batches[batch])):
        return
    if state.archive.keep_batch(account.number, batch, task.requested):
        del account.batches[batch]


@contextmanager
def at_hand(state: Accounts, events: Sequence[Recalled]) -> Iterator[None]:
    """While this is open, what these events brought is whole. `envelope.offset` tells where each stands."""
    by_offset = {envelope.offset: (event, envelope) for _, event, envelope in events}
    woken: list[tuple[dict[str, Any], str]] = []

    def wake(whole: dict[str, Any], key: str, value: Any) -> None:
        if key not in whole:
            whole[key] = value
            woken.append((whole, key))

    state.archive.at_hand = tuple(by_offset)
    try:
        for key, event, envelope in events:
            account = state.accounts.get(key)
            if account is None:
                continue
            for file_id, file in _files(event, envelope):
                if state.archive.file(account.number, file_id) == envelope.offset:
                    wake(account.files, file_id, file)
            if isinstance(event, BatchRequested) and state.archive.batch(account.number, event.batch_id) is not None:
                wake(account.batches, event.batch_id, tuple(item.task_id for item in event.items))
            for task_id, task in _tasks(state, account, event, envelope, by_offset):
                wake(account.tasks, task_id, task)
        yield
    finally:
        state.archive.at_hand = ()
        for whole, key in woken:
            del whole[key]


def _files(event: Any, envelope: Envelope) -> Iterator[tuple[str, File]]:
    match event:
        case TaskCompleted():
            for output in event.outputs:
                yield output.file_id, result(output, event.task_id, envelope)
        case TaskRequested():
            for i, file in enumerate(event.files):
                yield file.file_id, uploaded(file, brought_field(i), envelope)
        case FileStored():
            yield event.file.file_id, uploaded(event.file, "file_name", envelope)


def _tasks(
    state: Accounts, account: Account, event: Any, envelope: Envelope, by_offset: dict[int, tuple[Any, Envelope]]
) -> Iterator[tuple[str, Task]]:
    if type(event) not in BEGINNING:
        return
    for beginning in beginnings_of(event, envelope.id):
        task_id = beginning.request.task_id
        row = state.archive.task(account.number, task_id)
        if row is None or row.requested != envelope.offset or row.ended not in by_offset:
            continue
        end, told = by_offset[row.ended]
        if type(end) not in STATUS or end.task_id != task_id:
            continue
        task = queued(beginning, envelope)
        settle(task, end, told)
        task.attempt, task.seq, task.started_at = row.attempt, row.seq, row.started_at
        yield task_id, task
