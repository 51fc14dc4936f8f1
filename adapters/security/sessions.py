"""Sessions and their refresh tokens: rows of `ops.sessions` and `ops.refresh_tokens`, by hash only.

A refresh token is exchanged once for its successor. A repeat within 10 seconds (a lost answer, two tabs at once) gets
the same successor, which is HMAC(session subkey, presented token) and so need not be stored; a later one is theft, and
revokes the whole session (RFC 9700 section 4.14.2).
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from domain.errors import Unauthenticated

LIFETIME: Final = timedelta(days=30)
"""Since the last use."""
GRACE: Final = timedelta(seconds=10)
_TOKEN_CHARS: Final = 43
"""32 bytes in base64url."""


class OpenSession(msgspec.Struct, frozen=True):
    """A session and the refresh token that the client now holds."""

    session_id: str
    refresh_token: str
    account_id: str
    user_id: int
    token_version: int
    """As of the login: compare it with the identity fold, a higher one there ends the session."""
    expires_at: datetime


class ReusedToken(Unauthenticated):
    """A refresh token came a second time: the session was revoked. Belongs into the audit."""

    def __init__(self, session_id: str, account_id: str) -> None:
        super().__init__("This refresh token was used before, so its session was ended. Log in again.")
        self.session_id, self.account_id = session_id, account_id


class Sessions:
    """All methods are one transaction each."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        subkey: bytes,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool, self._subkey, self._clock = pool, subkey, clock

    async def open(self, *, account_id: str, user_id: int, token_version: int) -> OpenSession:
        """A new session after a login."""
        now, token, session_id = self._clock(), secrets.token_urlsafe(32), secrets.token_urlsafe(12)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO ops.sessions (session_id, account_id, user_id, token_version, created_at, expires_at)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                session_id,
                account_id,
                user_id,
                token_version,
                now,
                now + LIFETIME,
            )
            await _store(connection, token, session_id, now)
        return OpenSession(session_id, token, account_id, user_id, token_version, now + LIFETIME)

    async def rotate(self, refresh_token: str) -> OpenSession:
        """Exchange a refresh token for its successor. Raises Unauthenticated, ReusedToken among them."""
        now, presented = self._clock(), _hash(refresh_token)
        async with self._pool.acquire() as connection, connection.transaction():
            # The session's row is locked first, so that a revocation and a rotation never pass each other.
            session = await connection.fetchrow(
                "SELECT * FROM ops.sessions WHERE session_id ="
                " (SELECT session_id FROM ops.refresh_tokens WHERE token_hash = $1) FOR UPDATE",
                presented,
            )
            if session is None or session["revoked_at"] is not None or session["expires_at"] <= now:
                raise Unauthenticated("The refresh token is not (or no longer) valid. Log in again.")
            used_at = await connection.fetchval(
                "SELECT used_at FROM ops.refresh_tokens WHERE token_hash = $1", presented
            )
            reused = used_at is not None and now - used_at > GRACE
            successor = self._successor(refresh_token)
            if reused:
                await _revoke(connection, session["session_id"], "refresh token reused", now)
            elif used_at is None:
                await connection.execute(
                    "UPDATE ops.refresh_tokens SET used_at = $2 WHERE token_hash = $1", presented, now
                )
                await _store(connection, successor, session["session_id"], now)
                await connection.execute(
                    "UPDATE ops.sessions SET expires_at = $2 WHERE session_id = $1",
                    session["session_id"],
                    now + LIFETIME,
                )
        if reused:
            raise ReusedToken(session["session_id"], session["account_id"])
        return OpenSession(
            session["session_id"],
            successor,
            session["account_id"],
            session["user_id"],
            session["token_version"],
            now + LIFETIME,
        )

    async def close(self, refresh_token: str) -> bool:
        """Log out: revoke the session of this token. False when there was nothing to revoke."""
        status = await self._pool.execute(
            "UPDATE ops.sessions SET revoked_at = $2, revoked_because = 'logout' WHERE revoked_at IS NULL AND"
            " session_id = (SELECT session_id FROM ops.refresh_tokens WHERE token_hash = $1)",
            _hash(refresh_token),
            self._clock(),
        )
        return str(status) != "UPDATE 0"

    async def close_session(self, session_id: str, because: str = "logout") -> None:
        """Revoke one session by its id."""
        await _revoke(self._pool, session_id, because, self._clock())

    async def close_all(self, account_id: str, because: str) -> int:
        """Revoke every session of an account (password changed, user deleted). Returns how many were open."""
        status = await self._pool.execute(
            "UPDATE ops.sessions SET revoked_at = $2, revoked_because = $3"
            " WHERE account_id = $1 AND revoked_at IS NULL",
            account_id,
            self._clock(),
            because,
        )
        return int(str(status).removeprefix("UPDATE "))

    async def purge(self) -> int:
        """Delete sessions that ended more than a day ago, with their tokens."""
        status = await self._pool.execute(
            "DELETE FROM ops.sessions WHERE least(expires_at, revoked_at) < $1", self._clock() - timedelta(days=1)
        )
        return int(str(status).removeprefix("DELETE "))

    def _successor(self, token: str) -> str:
        digest = hmac.new(self._subkey, b"successor\x00" + token.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hash(token: str) -> bytes:
    """SHA-256: enough for 256 random bits. Anything that cannot be a token becomes a hash that no row has."""
    if len(token) != _TOKEN_CHARS or not token.isascii():
        return b""
    return hashlib.sha256(token.encode()).digest()


async def _store(connection: Any, token: str, session_id: str, now: datetime) -> None:
    await connection.execute(
        "INSERT INTO ops.refresh_tokens (token_hash, session_id, issued_at) VALUES ($1, $2, $3)",
        _hash(token),
        session_id,
        now,
    )


async def _revoke(connection: Any, session_id: str, because: str, now: datetime) -> None:
    await connection.execute(
        "UPDATE ops.sessions SET revoked_at = $2, revoked_because = $3 WHERE session_id = $1 AND revoked_at IS NULL",
        session_id,
        now,
        because,
    )
