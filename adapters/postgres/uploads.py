"""Uploads that clients were invited to put into the object store: rows of `ops.uploads`.

A row stands before its URL is given away, so that everything under `staging/` can be found and removed.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

LIFETIME: Final = timedelta(hours=1)
"""How long the URL is good."""
GRACE: Final = timedelta(hours=1)
"""An upload that began just before the URL expired may still be completed, and is removed after this."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is sealed as field `upload_name` of event `upload_id`; the rest is what the client announced."""

    upload_id: str
    account_id: str
    name: str
    media_type: str
    bytes: int
    sha256: str | None
    expires_at: datetime
    completed_at: datetime | None = None


def staging_key(upload_id: str) -> str:
    """Where the client puts the bytes."""
    return f"staging/{upload_id}"


class Uploads:
    """One statement each."""

    def __init__(self, pool: "asyncpg.Pool[Any]", clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._pool, self._clock = pool, clock

    def expiry(self) -> datetime:
        """When a URL that is made now expires."""
        return self._clock() + LIFETIME

    async def open(self, account_id: str) -> int:
        """How many uploads of an account were begun and neither completed nor removed."""
        return int(
            await self._pool.fetchval(
                "SELECT count(*) FROM ops.uploads WHERE account_id = $1 AND completed_at IS NULL", account_id
            )
        )

    async def begin(self, upload: Upload) -> None:
        await self._pool.execute(
            "INSERT INTO ops.uploads"
            " (upload_id, account_id, name, media_type, bytes, sha256, created_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            upload.upload_id,
            upload.account_id,
            upload.name,
            upload.media_type,
            upload.bytes,
            upload.sha256,
            self._clock(),
            upload.expires_at,
        )

    async def find(self, account_id: str, upload_id: str) -> Upload | None:
        """The account's upload, if it was not removed yet."""
        row = await self._pool.fetchrow(
            "SELECT * FROM ops.uploads WHERE upload_id = $1 AND account_id = $2", upload_id, account_id
        )
        if row is None:
            return None
        return Upload(**{name: row[name] for name in Upload.__struct_fields__})

    async def complete(self, upload_id: str) -> None:
        """The log knows the file now. Repeatable."""
        await self._pool.execute(
            "UPDATE ops.uploads SET completed_at = $2 WHERE upload_id = $1 AND completed_at IS NULL",
            upload_id,
            self._clock(),
        )

    async def over(self, most: int) -> list[str]:
        """Ids of uploads whose time is over: their objects are to be deleted, then their rows."""
        rows = await self._pool.fetch(
            "SELECT upload_id FROM ops.uploads WHERE expires_at < $1 ORDER BY expires_at LIMIT $2",
            self._clock() - GRACE,
            most,
        )
        return [str(row["upload_id"]) for row in rows]

    async def of_account(self, account_id: str) -> list[str]:
        """Ids of all of an account's uploads that were not removed yet."""
        rows = await self._pool.fetch("SELECT upload_id FROM ops.uploads WHERE account_id = $1", account_id)
        return [str(row["upload_id"]) for row in rows]

    async def forget(self, upload_id: str) -> None:
        await self._pool.execute("DELETE FROM ops.uploads WHERE upload_id = $1", upload_id)
