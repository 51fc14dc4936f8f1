"""Finding what a command is about, or refusing it. Missing and somebody else's are answered alike.

Everything here that gives a whole task, file or batch raises NotAtHand where it is old and its events were not read
again yet.
"""

from domain.account.archive import Archive, Ended
from domain.account.state import Account, Accounts, File, Task
from domain.decider import NotAtHand
from domain.errors import AccountIsClosed, NotFound


def account_of(state: Accounts, account_id: str) -> Account:
    """Raises NotFound."""
    account = state.accounts.get(account_id)
    if account is None:
        raise NotFound("There is no such account.")
    return account


def open_account_of(state: Accounts, account_id: str) -> Account:
    """Raises NotFound, AccountIsClosed."""
    account = account_of(state, account_id)
    if account.closed:
        raise AccountIsClosed("The account is closed; it accepts nothing any more.")
    return account


def standing_of(state: Accounts, account: Account, task_id: str) -> Task | Ended:
    """The task, or its row: both tell `status`, `attempt` and `seq`. Raises NotFound."""
    found = account.tasks.get(task_id) or state.archive.task(account.number, task_id)
    if found is None:
        raise NotFound("There is no such task.")
    return found


def task_of(state: Accounts, account: Account, task_id: str) -> Task:
    """Raises NotFound, NotAtHand."""
    found = standing_of(state, account, task_id)
    if isinstance(found, Task):
        return found
    _require_at_hand(state.archive, found.requested, found.ended)
    raise NotFound("There is no such task.")  # its row is there, and its events are not: no log of this state


def file_of(state: Accounts, account: Account, file_id: str) -> File | None:
    """None when there is no such file, or none any more. Raises NotAtHand."""
    file = account.files.get(file_id)
    if file is None and (offset := state.archive.file(account.number, file_id)) is not None:
        _require_at_hand(state.archive, offset)
    return file


def batch_of(state: Accounts, account: Account, batch_id: str) -> tuple[str, ...] | None:
    """The ids of its tasks; None when there is no such batch. Raises NotAtHand."""
    task_ids = account.batches.get(batch_id)
    if task_ids is None and (offset := state.archive.batch(account.number, batch_id)) is not None:
        _require_at_hand(state.archive, offset)
    return task_ids


def is_task(state: Accounts, account: Account, identifier: str) -> bool:
    return identifier in account.tasks or state.archive.task(account.number, identifier) is not None


def is_batch(state: Accounts, account: Account, identifier: str) -> bool:
    return identifier in account.batches or state.archive.batch(account.number, identifier) is not None


def is_file(state: Accounts, account: Account, identifier: str) -> bool:
    return identifier in account.files or state.archive.file(account.number, identifier) is not None


def _require_at_hand(archive: Archive, *offsets: int) -> None:
    missing = [offset for offset in offsets if offset not in archive.at_hand]
    if missing:
        raise NotAtHand(missing)
