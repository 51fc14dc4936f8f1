"""What must hold before a task is accepted: time left, a price within limits, room in the queue, inputs that exist."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.account.events import StoredFile, TaskInput
from domain.account.files import require_new
from domain.account.lookups import file_of, task_of
from domain.account.state import Account, Accounts
from domain.account.wallet import require_credits
from domain.errors import AlreadyExists, InvalidInput, NotInState, PriceChanged, TooManyQueued
from domain.money import in_words, require_amount, to_credits


def require_time_left(deadline: datetime | None, now: datetime) -> None:
    """Raises InvalidInput."""
    if deadline is None:
        return
    if deadline.tzinfo is None:
        raise InvalidInput("A deadline needs a time zone, for example 2030-01-31T12:00:00Z.", pointer="/deadline")
    if deadline <= now:
        raise InvalidInput("The deadline has passed already.", pointer="/deadline")


def require_accepted_price(model: str, version: str, price: int, max_credits: int | None) -> None:
    """Raises InvalidInput, PriceChanged (with the quote)."""
    require_amount(price, "/model")
    require_within(price, max_credits, quote={"model": model, "model_version": version, "price": to_credits(price)})


def require_within(price: int, max_credits: int | None, **quote: object) -> None:
    """The client's own limit. Raises InvalidInput, PriceChanged."""
    if max_credits is None:
        return
    require_amount(max_credits, "/max_credits")
    if price > max_credits:
        raise PriceChanged(
            f"It costs {in_words(price)}, more than your limit of {in_words(max_credits)}.",
            max_credits=to_credits(max_credits),
            **quote,
        )


def require_room(account: Account, price: int, max_queued: int) -> None:
    """A queue below its limit, and the credits. Raises TooManyQueued, InsufficientCredits."""
    if account.queued >= max_queued:
        raise TooManyQueued(
            f"{account.queued} tasks wait already; at most {max_queued} may.", queued=account.queued, limit=max_queued
        )
    require_credits(account.wallet, price)


def brought_files(state: Accounts, account: Account, files: Iterable[StoredFile]) -> dict[str, StoredFile]:
    """Files that came with a request, by id. Raises AlreadyExists."""
    brought: dict[str, StoredFile] = {}
    for file in files:
        if file.file_id in brought:
            raise AlreadyExists(f"The id {file.file_id} is given twice.")
        require_new(state, account, file.file_id)
        brought[file.file_id] = file
    return brought


def inputs_of(
    state: Accounts,
    account: Account,
    wanted: Iterable[tuple[str, str]],
    brought: Mapping[str, StoredFile] | None = None,
    parent: str | None = None,
) -> tuple[TaskInput, ...]:
    """Inputs by role, filled in from the stored files or those that came along.

    Raises InvalidInput; NotInState for a file of the task `parent` that was deleted since.
    """
    found: dict[str, TaskInput] = {}
    for role, file_id in wanted:
        pointer = pointer_of(role)
        if role in found:
            raise InvalidInput(f"Two images are given as {role}.", pointer=pointer)
        source = (brought or {}).get(file_id) or file_of(state, account, file_id)
        if source is None:
            if parent is not None and any(i.file_id == file_id for i in task_of(state, account, parent).inputs):
                raise NotInState(f"The input file {file_id} was deleted; give another one.", file_id=file_id)
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
