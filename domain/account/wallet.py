"""Opening and closing an account, and the credits that come and go without a task."""

from domain.account import commands as c
from domain.account.events import AccountClosed, AccountOpened, CreditsAdjusted, CreditsForfeited
from domain.account.lookups import account_of, open_account_of
from domain.account.state import Account, Accounts, Wallet
from domain.account.views import account_view
from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.errors import InsufficientCredits, InvalidInput, NotInState
from domain.money import MAX_AMOUNT, in_words, require_amount, to_credits

MAX_REASON = 500


def require_credits(wallet: Wallet, price: int) -> None:
    """Raises InsufficientCredits. A balance below zero (after a chargeback) buys nothing, not even what is free."""
    if wallet.balance < max(price, 0):
        raise InsufficientCredits(
            f"This costs {in_words(price)}; free to spend: {in_words(wallet.balance)}.",
            balance=to_credits(wallet.balance),
            price=to_credits(price),
        )


def open_account(state: Accounts, command: c.OpenAccount, context: Context) -> Append | Reply:
    """Raises AccountIsClosed: an account does not open twice."""
    if command.account_id in state.accounts:
        account = open_account_of(state, command.account_id)
        return Reply(account_view(command.account_id, account))
    require_amount(command.sign_up_credits, "/sign_up_credits")
    event = AccountOpened(user_id=command.user_id, granted=command.sign_up_credits)
    return Append(command.account_id, event, command.account_id)


def close_account(state: Accounts, command: c.CloseAccount, context: Context) -> Append | Reply:
    account = account_of(state, command.account_id)
    if account.closed:
        return Reply(account_view(command.account_id, account))
    return Append(command.account_id, AccountClosed(), command.account_id)


def adjust_credits(state: Accounts, command: c.AdjustCredits, context: Context) -> Append | Reply:
    """Raises InsufficientCredits when more would be taken than is free to spend."""
    account = open_account_of(state, command.account_id)
    require_amount(command.amount, "/amount", least=-MAX_AMOUNT)
    if command.amount == 0:
        raise InvalidInput("An adjustment by nothing changes nothing.", pointer="/amount")
    if not 0 < len(command.reason.strip()) <= MAX_REASON:
        raise InvalidInput(f"Give a reason of 1 to {MAX_REASON} characters.", pointer="/reason")
    if account.wallet.balance + account.wallet.reserved + command.amount > MAX_AMOUNT:
        most = to_credits(MAX_AMOUNT)
        raise InvalidInput(f"An account holds {most} credits at most.", pointer="/amount")
    if command.amount < 0:
        require_credits(account.wallet, -command.amount)
    return Append(command.account_id, CreditsAdjusted(amount=command.amount, reason=command.reason), command.account_id)


def forfeit_credits(state: Accounts, command: c.ForfeitCredits, context: Context) -> Append | Reply:
    """What is free to spend; credits still reserved are released by their tasks and can be forfeited then."""
    account = account_of(state, command.account_id)
    if not account.closed:
        raise NotInState("Only a closed account forfeits its credits.")
    if account.wallet.balance <= 0:
        return Reply(account_view(command.account_id, account))
    return Append(command.account_id, CreditsForfeited(amount=account.wallet.balance), command.account_id)


def opened(state: Accounts, key: str, event: AccountOpened, envelope: Envelope) -> None:
    if key in state.accounts:
        raise KeyError(f"account {key} was opened before")
    wallet = Wallet(balance=event.granted, granted=event.granted)
    number = len(state.accounts)
    state.accounts[key] = Account(number=number, user_id=event.user_id, opened_at=envelope.time, wallet=wallet)


def closed(state: Accounts, key: str, event: AccountClosed, envelope: Envelope) -> None:
    state.accounts[key].closed = True


def adjusted(state: Accounts, key: str, event: CreditsAdjusted, envelope: Envelope) -> None:
    wallet = state.accounts[key].wallet
    wallet.granted += event.amount
    wallet.balance += event.amount


def forfeited(state: Accounts, key: str, event: CreditsForfeited, envelope: Envelope) -> None:
    wallet = state.accounts[key].wallet
    wallet.forfeited += event.amount
    wallet.balance -= event.amount
