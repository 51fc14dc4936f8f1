"""Batches: many tasks asked for at once, in one event with one reservation. They run and are settled one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from domain.account import commands as c
from domain.account.acceptance import (
    inputs_of,
    require_accepted_price,
    require_room,
    require_time_left,
    require_within,
)
from domain.account.beginnings import beginnings_of
from domain.account.events import BatchFile, BatchItem, BatchRequested
from domain.account.files import require_new
from domain.account.lookups import is_batch, is_task, open_account_of
from domain.account.requests import begin
from domain.account.state import Account, Accounts
from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.errors import AlreadyExists, DomainError, InvalidInput
from domain.money import require_amount, to_credits

MAX_ITEMS: Final = 100


def request_batch(state: Accounts, command: c.RequestBatch, context: Context) -> Append | Reply:
    """Reserve the sum of the prices and queue all tasks, or none.

    Raises what `request_task` raises, with pointers below `/items/<i>`. A queue below its limit takes the whole batch.
    """
    account = open_account_of(state, command.account_id)
    require_new(state, account, command.batch_id)
    if not 1 <= len(command.items) <= MAX_ITEMS:
        raise InvalidInput(f"A batch has 1 to {MAX_ITEMS} items.", pointer="/items")
    files: dict[str, BatchFile] = {}
    items: dict[str, BatchItem] = {}
    for i, wanted in enumerate(command.items):
        with _pointing_at(i):
            item = _item(state, account, command, wanted, context, files)
        if item.task_id in items:
            raise AlreadyExists(f"The id {item.task_id} is given twice.")
        items[item.task_id] = item
    price = sum(item.price for item in items.values())
    require_amount(price, "/items")
    require_within(price, command.max_credits, quote={"price": to_credits(price)})
    require_room(account, price, command.max_queued)
    event = BatchRequested(
        batch_id=command.batch_id,
        kind=command.items[0].kind,
        reserved=price,
        items=tuple(items.values()),
        files=tuple(files.values()),
        prompts_sha256=command.prompts_sha256,
    )
    return Append(command.account_id, event, command.batch_id, task_seq=1)


def requested(state: Accounts, key: str, event: BatchRequested, envelope: Envelope) -> None:
    """Fold: every item is a task, and the sum is reserved."""
    account = state.accounts[key]
    beginnings = beginnings_of(event, envelope.id)
    if is_batch(state, account, event.batch_id) or event.reserved != sum(item.price for item in event.items):
        raise KeyError(f"batch {event.batch_id} was requested before, or does not add up")
    for beginning in beginnings:
        if is_task(state, account, beginning.request.task_id):
            raise KeyError(f"task {beginning.request.task_id} was requested before")
    for beginning in beginnings:
        begin(account, beginning, envelope)
    account.batches[event.batch_id] = tuple(item.task_id for item in event.items)


def _item(
    state: Accounts,
    account: Account,
    batch: c.RequestBatch,
    wanted: c.RequestTask,
    context: Context,
    files: dict[str, BatchFile],
) -> BatchItem:
    """One item; what it takes is added to `files`."""
    require_new(state, account, wanted.task_id)
    if wanted.account_id != batch.account_id or wanted.kind != batch.items[0].kind or wanted.files:
        raise InvalidInput("All items of a batch are of one account and kind, and bring no files.")
    require_time_left(wanted.deadline, context.now)
    has_prompt = wanted.prompt is not None or (wanted.prompt_length > 0 and batch.prompts_sha256 is not None)
    if not has_prompt and not wanted.inputs:
        raise InvalidInput("Say what to make: a prompt or an image is needed.", pointer="/prompt")
    inputs = inputs_of(state, account, wanted.inputs)
    require_accepted_price(wanted.model, wanted.model_version, wanted.price, wanted.max_credits)
    for source in inputs:
        files.setdefault(
            source.file_id,
            BatchFile(file_id=source.file_id, sha256=source.sha256, media_type=source.media_type, bytes=source.bytes),
        )
    places = list(files)
    return BatchItem(
        task_id=wanted.task_id,
        model=wanted.model,
        model_version=wanted.model_version,
        price=wanted.price,
        prompt=wanted.prompt,
        prompt_length=wanted.prompt_length,
        inputs=tuple((source.role, places.index(source.file_id)) for source in inputs),
        params=wanted.params,
        seed=wanted.seed,
        priority=wanted.priority,
        deadline=wanted.deadline,
    )


@contextmanager
def _pointing_at(index: int) -> Iterator[None]:
    """A refusal of an item points into the item."""
    try:
        yield
    except DomainError as refusal:
        place_in_item(refusal, index)
        raise


def place_in_item(refusal: DomainError, index: int) -> None:
    """Move the pointers of a refusal below `/items/<index>`; one without a pointer gets that."""
    root = f"/items/{index}"
    refusal.extra["pointer"] = root + refusal.extra.get("pointer", "")
    if "errors" in refusal.extra:
        refusal.extra["errors"] = [
            row | {"pointer": root + row["pointer"]} if "pointer" in row else row for row in refusal.extra["errors"]
        ]
