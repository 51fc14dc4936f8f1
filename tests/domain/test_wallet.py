"""Money: what comes, what is reserved, what is charged, and what is left."""

import pytest

from domain.account import commands as c
from domain.account import events as e
from domain.errors import (
    AccountIsClosed,
    InsufficientCredits,
    InvalidInput,
    NotFound,
    NotInState,
    PriceChanged,
)
from domain.money import MAX_AMOUNT
from tests.domain.given_account import (
    ACCOUNT,
    CREDIT,
    OTHER_TASK,
    TASK,
    account,
    completed,
    failed,
    opened,
    request,
    requested,
    started,
)


def open_account(granted: int = 100 * CREDIT) -> c.OpenAccount:
    return c.OpenAccount(account_id=ACCOUNT, user_id=2, sign_up_credits=granted)


def test_an_account_opens_with_its_sign_up_credits() -> None:
    scenario = account().when(open_account()).then(e.AccountOpened(user_id=2, granted=100 * CREDIT))
    view = scenario.view(ACCOUNT)
    assert (view["balance"], view["reserved"]) == (100, 0)


def test_opening_twice_answers_with_the_account() -> None:
    account(opened(CREDIT)).when(open_account()).replies(account_id=ACCOUNT, balance=1)


def test_an_account_does_not_open_again_after_it_closed() -> None:
    account(opened(), e.AccountClosed()).when(open_account()).fails(AccountIsClosed)


def test_negative_sign_up_credits_are_refused() -> None:
    account().when(open_account(-1)).fails(InvalidInput, pointer="/sign_up_credits")


def test_nothing_is_known_of_an_account_that_never_opened() -> None:
    account().when(c.DescribeAccount(account_id=ACCOUNT)).fails(NotFound)
    account().when(request()).fails(NotFound)


def test_the_last_credits_can_be_spent_once() -> None:
    scenario = account(opened(CREDIT)).when(request()).then(requested())
    scenario.when(request(task_id=OTHER_TASK)).fails(InsufficientCredits, balance=0, price=1)


def test_a_short_balance_is_told_in_credits() -> None:
    account(opened(CREDIT // 4)).when(request(price=CREDIT // 2)).fails(InsufficientCredits, balance=0.25, price=0.5)


def test_a_reservation_is_not_free_to_spend() -> None:
    view = account(opened(5 * CREDIT), requested(price=2 * CREDIT)).view(ACCOUNT)
    assert (view["balance"], view["reserved"]) == (3, 2)


def test_completion_charges_and_failure_refunds() -> None:
    done = account(opened(5 * CREDIT), requested(), started(), completed()).view(ACCOUNT)
    assert (done["balance"], done["reserved"]) == (4, 0)
    lost = account(opened(5 * CREDIT), requested(), started(), failed()).view(ACCOUNT)
    assert (lost["balance"], lost["reserved"]) == (5, 0)


def test_a_negative_balance_buys_nothing_not_even_what_is_free() -> None:
    """A chargeback may lead there."""
    indebted = account(opened(0), e.CreditsAdjusted(amount=-1, reason="chargeback"))
    indebted.when(request(price=0)).fails(InsufficientCredits)
    account(opened(0)).when(request(price=0)).then(requested(price=0))


def test_a_price_above_the_limit_is_quoted() -> None:
    account(opened()).when(request(price=2 * CREDIT, max_credits=CREDIT)).fails(
        PriceChanged, quote={"model": "lathe/form", "model_version": "1.0.0", "price": 2}
    )
    account(opened()).when(request(max_credits=CREDIT)).then(requested())


def test_a_negative_limit_is_refused() -> None:
    account(opened()).when(request(price=0, max_credits=-1)).fails(InvalidInput, pointer="/max_credits")


@pytest.mark.parametrize("amount", [3 * CREDIT, -5 * CREDIT])
def test_an_admin_adjusts_with_a_reason(amount: int) -> None:
    scenario = account(opened(5 * CREDIT)).when(c.AdjustCredits(account_id=ACCOUNT, amount=amount, reason="goodwill"))
    scenario.then(e.CreditsAdjusted(amount=amount, reason="goodwill"))
    assert scenario.view(ACCOUNT)["balance"] == 5 + amount // CREDIT


@pytest.mark.parametrize(
    ("amount", "reason", "pointer"),
    [(0, "x", "/amount"), (10**16, "x", "/amount"), (-(10**16), "x", "/amount"), (1, " ", "/reason")],
)
def test_a_senseless_adjustment_is_refused(amount: int, reason: str, pointer: str) -> None:
    command = c.AdjustCredits(account_id=ACCOUNT, amount=amount, reason=reason)
    account(opened()).when(command).fails(InvalidInput, pointer=pointer)


def test_what_is_reserved_cannot_be_taken_away() -> None:
    command = c.AdjustCredits(account_id=ACCOUNT, amount=-5 * CREDIT, reason="correction")
    account(opened(5 * CREDIT), requested()).when(command).fails(InsufficientCredits, balance=4)


def test_a_closed_account_accepts_nothing_but_the_end_of_its_tasks() -> None:
    closed = account(opened(), requested()).when(c.CloseAccount(account_id=ACCOUNT)).then(e.AccountClosed())
    closed.when(request(task_id=OTHER_TASK)).fails(AccountIsClosed)
    closed.when(c.AdjustCredits(account_id=ACCOUNT, amount=1, reason="x")).fails(AccountIsClosed)
    closed.when(c.CloseAccount(account_id=ACCOUNT)).replies(closed=True)
    closed.when(c.CancelTask(account_id=ACCOUNT, task_id=TASK, reason="account-closed"))
    assert closed.event.reason == "account-closed"


def test_a_closed_account_forfeits_what_is_free_and_later_what_comes_back() -> None:
    forfeit = c.ForfeitCredits(account_id=ACCOUNT)
    account(opened()).when(forfeit).fails(NotInState)
    closed = account(opened(5 * CREDIT), requested(), e.AccountClosed())
    closed.when(forfeit).then(e.CreditsForfeited(amount=4 * CREDIT))
    closed.when(forfeit).replies(balance=0, reserved=1)
    closed.when(c.CancelTask(account_id=ACCOUNT, task_id=TASK)).when(forfeit).then(e.CreditsForfeited(amount=CREDIT))
    assert closed.state.accounts[ACCOUNT].wallet.adds_up


def test_an_account_holds_a_billion_credits_at_most() -> None:
    full = account(opened(granted=MAX_AMOUNT - 1))
    full.when(c.AdjustCredits(account_id=ACCOUNT, amount=2, reason="x")).fails(InvalidInput, pointer="/amount")
    full.when(c.AdjustCredits(account_id=ACCOUNT, amount=1, reason="x")).then(e.CreditsAdjusted(amount=1, reason="x"))
