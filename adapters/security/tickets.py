"""One-time tickets: what a live connection shows instead of an access token, where only a URL can carry it.

A row of `ops.tickets`, by hash only. A ticket lives 30 s and is taken out of the table by whoever redeems it, in one
statement: of two that come at once, one gets in.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from adapters.security.authenticator import Caller
from adapters.security.tokens import Claims
from domain.errors import Unauthenticated

LIFETIME: Final = timedelta(seconds=30)
_MOST_AT_ONCE: Final = 100
"""Open tickets of one account; the oldest make room."""
_TOKEN_CHARS: Final = 43
"""32 bytes in base64url."""


class Ticket(msgspec.Struct, frozen=True):
    """What the client gets. `expires_at` is UTC."""

    ticket: str
    expires_at: datetime

    @property
    def expires_in(self) -> int:
        """Seconds, from its issue."""
        return int(LIFETIME.total_seconds())


class Tickets:
    """Issued by the write side, redeemed by the read side."""

    def __init__(self, pool: "asyncpg.Pool[Any]", clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._pool, self._clock = pool, clock

    async def issue(self, caller: Caller) -> Ticket:
        """A ticket that stands for `caller`. Throws out expired ones, and an account's oldest when it has too many."""
        now, ticket = self._clock(), secrets.token_urlsafe(32)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM ops.tickets WHERE expires_at <= $1", now)
            await connection.execute(
                "DELETE FROM ops.tickets WHERE ticket_hash IN (SELECT ticket_hash FROM ops.tickets"
                " WHERE account_id = $1 ORDER BY expires_at DESC OFFSET $2 FOR UPDATE SKIP LOCKED)",
                caller.account_id,
                _MOST_AT_ONCE - 1,
            )
            await connection.execute(
                "INSERT INTO ops.tickets"
                " (ticket_hash, account_id, user_id, role, token_version, session_id, expires_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                _hash(ticket),
                caller.account_id,
                caller.user_id,
                caller.role,
                caller.token_version,
                caller.session_id,
                now + LIFETIME,
            )
        return Ticket(ticket, now + LIFETIME)

    async def redeem(self, ticket: str) -> Claims:
        """Who it was issued for; it is used up by that. Raises Unauthenticated.

        The user may have been demoted or deleted meanwhile: `Authenticator.current` compares with the users' fold.
        """
        row = await self._pool.fetchrow("DELETE FROM ops.tickets WHERE ticket_hash = $1 RETURNING *", _hash(ticket))
        if row is None or row["expires_at"] <= self._clock():
            raise Unauthenticated("This ticket was used before, or has expired: get a new one (POST /auth/tickets).")
        return Claims(
            account_id=row["account_id"],
            user_id=row["user_id"],
            role=row["role"],
            token_version=row["token_version"],
            session_id=row["session_id"],
            expires_at=int(row["expires_at"].timestamp()),
        )


def _hash(ticket: str) -> bytes:
    """SHA-256: enough for 256 random bits. Anything that cannot be a ticket becomes a hash that no row has."""
    if len(ticket) != _TOKEN_CHARS or not ticket.isascii():
        return b""
    return hashlib.sha256(ticket.encode()).digest()
