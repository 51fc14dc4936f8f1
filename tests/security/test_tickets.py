"""One-time tickets (bad-inputs 41): redeemed once, for 30 seconds, and never a token in a URL."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from adapters.ids import new_id
from adapters.security.authenticator import Caller
from adapters.security.tickets import Tickets
from adapters.security.tokens import Claims
from domain.errors import Unauthenticated


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tickets(pool: "asyncpg.Pool[Any]", clock: Clock) -> Tickets:
    return Tickets(pool, clock)


def caller() -> Caller:
    return Caller(new_id(), 7, "user", new_id(), 3)


async def test_a_ticket_is_redeemed_once(tickets: Tickets) -> None:
    ann = caller()
    ticket = await tickets.issue(ann)
    assert ticket.expires_in == 30
    claims = await tickets.redeem(ticket.ticket)
    assert (claims.account_id, claims.user_id, claims.token_version, claims.session_id) == (
        ann.account_id, 7, 3, ann.session_id,
    )  # fmt: skip
    with pytest.raises(Unauthenticated):
        await tickets.redeem(ticket.ticket)


async def test_of_many_that_come_at_once_one_gets_in(tickets: Tickets) -> None:
    ticket = await tickets.issue(caller())
    found = await asyncio.gather(*(tickets.redeem(ticket.ticket) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(answer, Claims) for answer in found) == 1
    assert sum(isinstance(answer, Unauthenticated) for answer in found) == 7


async def test_a_ticket_lives_half_a_minute(tickets: Tickets, clock: Clock) -> None:
    first, second = await tickets.issue(caller()), await tickets.issue(caller())
    clock.now += timedelta(seconds=29)
    await tickets.redeem(first.ticket)
    clock.now += timedelta(seconds=1)
    with pytest.raises(Unauthenticated):
        await tickets.redeem(second.ticket)


@pytest.mark.parametrize("ticket", ["", "x", "A" * 43, "é" * 43, "A" * 100_000])
async def test_what_is_no_ticket_opens_nothing(tickets: Tickets, ticket: str) -> None:
    with pytest.raises(Unauthenticated):
        await tickets.redeem(ticket)


async def test_the_table_holds_hashes_and_stays_small(
    tickets: Tickets, clock: Clock, pool: "asyncpg.Pool[Any]"
) -> None:
    ann = caller()
    issued = [await tickets.issue(ann) for _ in range(103)]
    assert await pool.fetchval("SELECT count(*) FROM ops.tickets WHERE account_id = $1", ann.account_id) == 100
    rows = await pool.fetch("SELECT ticket_hash FROM ops.tickets")
    assert not {row["ticket_hash"] for row in rows} & {ticket.ticket.encode() for ticket in issued}
    clock.now += timedelta(minutes=1)
    await tickets.issue(caller())
    assert await pool.fetchval("SELECT count(*) FROM ops.tickets") == 1
