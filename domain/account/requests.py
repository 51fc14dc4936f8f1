"""Asking for a task: a new one, or another try of one that failed or was cancelled."""

from collections.abc import Iterable
from datetime import datetime
from sys import intern
from typing import Final

import msgspec

from domain.account import commands as c
from domain.account.events import StoredFile, TaskInput, TaskRequested
from domain.account.files import keep, require_new
from domain.account.lookups import open_account_of, task_of
from domain.account.state import Account, Accounts, Status, Task
from domain.account.wallet import require_credits
from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.errors import AlreadyExists, InvalidInput, NotInState, PriceChanged, TooManyQueued
from domain.money import require_amount, to_credits
from domain.personal import SealedAt

_params: Final = msgspec.json.Encoder()


def request_task(state: Accounts, command: c.RequestTask, context: Context) -> Append | Reply:
    """Reserve the price and queue the task.

    Raises NotFound, AccountIsClosed, AlreadyExists (a used id), InvalidInput (with the pointer into the request),
    PriceChanged (with the quote), TooManyQueued, InsufficientCredits.
    """
    account = open_account_of(state, command.account_id)
    require_new(account, command.task_id)
    _require_time_left(command.deadline, context.now)
    if command.kind == "generate" and command.prompt is None and not command.inputs:
        raise InvalidInput("Say what to make: a prompt or an image is needed.", pointer="/prompt")
    inputs = _inputs(account, command.inputs, command.files)
    _require_affordable(
        account, command.model, command.model_version, command.price, command.max_credits, command.max_queued
    )
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
    parent = task_of(account, command.task_id)
    if parent.status not in (Status.FAILED, Status.CANCELLED):
        raise NotInState(f"The task is {parent.status.value}; only failed and cancelled ones can be retried.")
    require_new(account, command.new_task_id)
    if (parent.prompt is None) != (command.prompt is None):
        raise InvalidInput("A retry has the prompt of its parent, sealed anew.", pointer="/prompt")
    for item in parent.inputs:
        if item.file_id not in account.files:
            raise NotInState(f"The input file {item.file_id} was deleted; ask for a new task.", file_id=item.file_id)
    _require_affordable(
        account, parent.model, command.model_version, command.price, command.max_credits, command.max_queued
    )
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
        params=msgspec.json.decode(parent.params),
        seed=parent.seed if command.seed is None else command.seed,
        priority=parent.priority,
        deadline=parent.deadline if in_time else None,
        parent=command.task_id,
    )
    return Append(command.account_id, event, command.new_task_id, task_seq=1)


def requested(state: Accounts, key: str, event: TaskRequested, envelope: Envelope) -> None:
    """Fold: the files that came with it are the account's, the price is reserved, the task is the last in the queue."""
    account = state.accounts[key]
    if event.task_id in account.tasks:
        raise KeyError(f"task {event.task_id} was requested before")
    for i, file in enumerate(event.files):
        keep(account, file, f"files.{i}.name", envelope)
    account.wallet.balance -= event.reserved
    account.wallet.reserved += event.reserved
    account.tasks[event.task_id] = Task(
        kind=intern(event.kind),
        model=intern(event.model),
        model_version=intern(event.model_version),
        price=event.price,
        reserved=event.reserved,
        params=_params.encode(event.params),
        seed=event.seed,
        priority=event.priority,
        deadline=event.deadline,
        parent=event.parent,
        prompt=None if event.prompt is None else SealedAt.of(envelope.id, "prompt", event.prompt),
        prompt_length=event.prompt_length,
        inputs=event.inputs,
        created_at=envelope.time,
    )
    account.live[event.task_id] = None
    account.queued += 1


def _require_time_left(deadline: datetime | None, now: datetime) -> None:
    if deadline is None:
        return
    if deadline.tzinfo is None:
        raise InvalidInput("A deadline needs a time zone, for example 2030-01-31T12:00:00Z.", pointer="/deadline")
    if deadline <= now:
        raise InvalidInput("The deadline has passed already.", pointer="/deadline")


def _require_affordable(
    account: Account, model: str, version: str, price: int, max_credits: int | None, max_queued: int
) -> None:
    require_amount(price, "/model")
    if max_credits is not None:
        require_amount(max_credits, "/max_credits")
        if price > max_credits:
            quote = {"model": model, "model_version": version, "price": to_credits(price)}
            raise PriceChanged(
                f"It costs {to_credits(price)} credits, more than your limit of {to_credits(max_credits)}.",
                quote=quote,
                max_credits=to_credits(max_credits),
            )
    if account.queued >= max_queued:
        raise TooManyQueued(
            f"{account.queued} tasks wait already; at most {max_queued} may.", queued=account.queued, limit=max_queued
        )
    require_credits(account.wallet, price)


def _inputs(
    account: Account, wanted: Iterable[tuple[str, str]], files: tuple[StoredFile, ...]
) -> tuple[TaskInput, ...]:
    """Inputs by role, filled in from the stored files or those that came along."""
    brought: dict[str, StoredFile] = {}
    for file in files:
        if file.file_id in brought:
            raise AlreadyExists(f"The id {file.file_id} is given twice.")
        require_new(account, file.file_id)
        brought[file.file_id] = file
    found: dict[str, TaskInput] = {}
    for role, file_id in wanted:
        pointer = pointer_of(role)
        if role in found:
            raise InvalidInput(f"Two images are given as {role}.", pointer=pointer)
        source = brought.get(file_id) or account.files.get(file_id)
        if source is None:
            raise InvalidInput(f"There is no file {file_id}.", pointer=pointer)
        if not source.media_type.startswith("image/"):
            raise InvalidInput(f"The file {file_id} is {source.media_type}, not an image.", pointer=pointer)
        found[role] = TaskInput(
            role=role, file_id=file_id, sha256=source.sha256, media_type=source.media_type, bytes=source.bytes
        )
    return tuple(found.values())


def pointer_of(role: str) -> str:
    """Where an input of this role stands in the request (`POST /generate`)."""
    return "/image_file_id" if role == "image" else f"/images/{role}"
