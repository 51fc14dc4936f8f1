"""Finding what a command is about, or refusing it. Missing and somebody else's are answered alike."""

from domain.account.state import Account, Accounts, Task
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


def task_of(account: Account, task_id: str) -> Task:
    """Raises NotFound."""
    task = account.tasks.get(task_id)
    if task is None:
        raise NotFound("There is no such task.")
    return task
