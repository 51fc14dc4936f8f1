"""Asking for a task: a new one, a fork of any, or another try of one that failed or was cancelled."""

from sys import intern
from typing import Final

import msgspec

from domain.account import commands as c
from domain.account.acceptance import (
    brought_files,
    inputs_of,
    require_accepted_price,
    require_room,
    require_time_left,
)
from domain.account.beginnings import Beginning, beginnings_of
from domain.account.events import TaskRequested
from domain.account.files import keep, require_new
from domain.account.lookups import file_of, is_task, open_account_of, standing_of, task_of
from domain.account.state import Account, Accounts, Status, Task
from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.errors import InvalidInput, NotInState

_params: Final = msgspec.json.Encoder()


def request_task(state: Accounts, command: c.RequestTask, context: Context) -> Append | Reply:
    """Reserve the price and queue the task. With `parent` it is a fork.

    Raises NotFound, AccountIsClosed, AlreadyExists (a used id), InvalidInput (with the pointer into the request),
    PriceChanged (with the quote), TooManyQueued, InsufficientCredits.
    """
    account = open_account_of(state, command.account_id)
    require_new(state, account, command.task_id)
    if command.parent is not None:
        standing_of(state, account, command.parent)
    require_time_left(command.deadline, context.now)
    if command.kind == "generate" and command.prompt is None and not command.inputs:
        raise InvalidInput("Say what to make: a prompt or an image is needed.", pointer="/prompt")
    inputs = inputs_of(state, account, command.inputs, brought_files(state, account, command.files), command.parent)
    require_accepted_price(command.model, command.model_version, command.price, command.max_credits)
    require_room(account, command.price, command.max_queued)
    event = TaskRequested(
        task_id=command.task_id,
        kind=command.kind,
        model=command.model,
        model_version=command.model_version,
        price=command.price,
        reserved=command.price,
        prompt=command.prompt,
        prompt_length=command.prompt_length,
        inputs=inputs,
        files=command.files,
        params=command.params,
        seed=command.seed,
        priority=command.priority,
        deadline=command.deadline,
        parent=command.parent,
    )
    return Append(command.account_id, event, command.task_id, task_seq=1)


def retry_task(state: Accounts, command: c.RetryTask, context: Context) -> Append | Reply:
    """A new task with the pinned request of a failed or cancelled one. A deadline that passed is left out.

    Raises what `request_task` raises; NotInState for a task that did not fail and was not cancelled.
    """
    account = open_account_of(state, command.account_id)
    standing = standing_of(state, account, command.task_id)
    if standing.status not in (Status.FAILED, Status.CANCELLED):
        raise NotInState(f"The task is {standing.status.value}; only failed and cancelled ones can be retried.")
    parent = task_of(state, account, command.task_id)
    require_new(state, account, command.new_task_id)
    if (parent.prompt is None) != (command.prompt is None):
        raise InvalidInput("A retry has the prompt of its parent, sealed anew.", pointer="/prompt")
    for item in parent.inputs:
        if file_of(state, account, item.file_id) is None:
            raise NotInState(f"The input file {item.file_id} was deleted; ask for a new task.", file_id=item.file_id)
    require_accepted_price(parent.model, command.model_version, command.price, command.max_credits)
    require_room(account, command.price, command.max_queued)
    in_time = parent.deadline is not None and parent.deadline > context.now
    event = TaskRequested(
        task_id=command.new_task_id,
        kind=parent.kind,
        model=parent.model,
        model_version=command.model_version,
        price=command.price,
        reserved=command.price,
        prompt=command.prompt,
        prompt_length=parent.prompt_length,
        inputs=parent.inputs,
        params=command.params,
        seed=parent.seed if command.seed is None else command.seed,
        priority=parent.priority,
        deadline=parent.deadline if in_time else None,
        parent=command.task_id,
    )
    return Append(command.account_id, event, command.new_task_id, task_seq=1)


def requested(state: Accounts, key: str, event: TaskRequested, envelope: Envelope) -> None:
    """Fold: the files that came with it are the account's, the price is reserved, the task is the last in the queue."""
    account = state.accounts[key]
    if is_task(state, account, event.task_id):
        raise KeyError(f"task {event.task_id} was requested before")
    for i, file in enumerate(event.files):
        keep(state, key, file, brought_field(i), envelope)
    for beginning in beginnings_of(event, envelope.id):
        begin(account, beginning, envelope)


def brought_field(index: int) -> str:
    """The field id of the name of a file that came with a request."""
    return f"files.{index}.name"


def begin(account: Account, beginning: Beginning, envelope: Envelope) -> None:
    """Fold one new task: its price is reserved, and it is the last in the queue."""
    request = beginning.request
    account.wallet.balance -= request.reserved
    account.wallet.reserved += request.reserved
    account.tasks[request.task_id] = queued(beginning, envelope)
    account.live[request.task_id] = None
    account.queued += 1


def queued(beginning: Beginning, envelope: Envelope) -> Task:
    """The task as it was requested."""
    request = beginning.request
    return Task(
        kind=intern(request.kind),
        model=intern(request.model),
        model_version=intern(request.model_version),
        price=request.price,
        reserved=request.reserved,
        params=_params.encode(request.params),
        seed=request.seed,
        priority=request.priority,
        deadline=request.deadline,
        parent=request.parent,
        prompt=beginning.prompt,
        prompt_length=request.prompt_length,
        inputs=request.inputs,
        created_at=envelope.time,
        batch_id=beginning.batch_id,
        requested=envelope.offset,
    )
