"""The list of erased accounts, `ops.erasures`: what is left to do for each, and who must stay erased after a restore.

It is derived from the log: whoever is deleted there is on the list. A restore of an older log brings back people who
were deleted since; so a restore is given the newer list (`order_all`), and their deletion is decided anew.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from adapters.postgres import uploads

UNREADABLE_WITHIN: Final = timedelta(minutes=1)
"""How soon after the deletion no process can read a text of the account any more, if all of Lathe runs."""
EMPTIED_WITHIN: Final = timedelta(minutes=5)
"""How soon runs have ended and files are gone."""
LATE_WRITERS: Final = uploads.LIFETIME + timedelta(minutes=10)
"""After the account was emptied, a URL given away before may still bring an object for so long."""
DONE_WITHIN: Final = timedelta(hours=2)
"""How soon nothing is left at all."""
_REMOVALS: Final = (
    "DELETE FROM ops.sessions WHERE account_id = $1",
    "DELETE FROM ops.tickets WHERE account_id = $1",
    "UPDATE ops.audit SET address = NULL WHERE account_id = $1 AND address IS NOT NULL",
)
_COLUMNS: Final = "account_id, event_id, deleted_at, key_gone_at, emptied_at, done_at"


class Erasure(msgspec.Struct, frozen=True):
    """One row (`adapters/postgres/ops_models.py`). Times are UTC."""

    account_id: str
    event_id: str | None
    deleted_at: datetime
    key_gone_at: datetime | None = None
    emptied_at: datetime | None = None
    done_at: datetime | None = None

    @property
    def last_look_at(self) -> datetime | None:
        """When late writers cannot come any more; None while the account is not empty."""
        return None if self.emptied_at is None else self.emptied_at + LATE_WRITERS


class Erasures:
    """One statement each, but for orders: one transaction. `pool` is asyncpg's."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def add(self, account_id: str, event_id: str | None, deleted_at: datetime) -> None:
        """Somebody was deleted. Repeatable; an order of a restore learns its event by it."""
        await self._pool.execute(
            "INSERT INTO ops.erasures (account_id, event_id, deleted_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (account_id) DO UPDATE SET event_id = coalesce(ops.erasures.event_id, excluded.event_id)",
            account_id,
            event_id,
            deleted_at,
        )

    async def order_all(self, account_ids: Iterable[str], deleted_at: datetime | None = None) -> list[str]:
        """For a restore: these accounts must be erased, whatever the restored log says of them. Returns their ids.

        Also those that the restored list calls done: their keys and objects may be back. The keys are destroyed at
        once; the role `erasure` of the processors carries out the rest, and has the deletion decided anew.
        """
        wanted = sorted(set(account_ids))
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO ops.erasures (account_id, deleted_at) SELECT a, $2 FROM unnest($1::text[]) AS a"
                " ON CONFLICT (account_id) DO UPDATE SET key_gone_at = NULL, emptied_at = NULL, done_at = NULL",
                wanted,
                deleted_at or datetime.now(UTC),
            )
            await connection.execute("DELETE FROM ops.account_keys WHERE account_id = ANY($1::text[])", wanted)
        return wanted

    async def known(self) -> set[str]:
        """The ids of all accounts on the list."""
        rows = await self._pool.fetch("SELECT account_id FROM ops.erasures")
        return {str(row["account_id"]) for row in rows}

    async def all(self) -> list[Erasure]:
        """The oldest deletion first."""
        return [
            Erasure(*row)
            for row in await self._pool.fetch(f"SELECT {_COLUMNS} FROM ops.erasures ORDER BY deleted_at")  # noqa: S608
        ]

    async def open(self) -> list[Erasure]:
        """Those with something left to do, the oldest deletion first."""
        query = f"SELECT {_COLUMNS} FROM ops.erasures WHERE done_at IS NULL ORDER BY deleted_at"  # noqa: S608
        return [Erasure(*row) for row in await self._pool.fetch(query)]

    async def remove_rows(self, account_id: str) -> None:
        """What else `ops` holds of a person: sessions with their tokens, tickets, and addresses in the audit."""
        for statement in _REMOVALS:
            await self._pool.execute(statement, account_id)

    async def note_key_gone(self, account_id: str) -> None:
        await self._note("key_gone_at", account_id)

    async def note_emptied(self, account_id: str) -> None:
        await self._note("emptied_at", account_id)

    async def note_done(self, account_id: str) -> None:
        await self._note("done_at", account_id)

    async def _note(self, column: str, account_id: str) -> None:
        await self._pool.execute(
            f"UPDATE ops.erasures SET {column} = now() WHERE account_id = $1 AND {column} IS NULL",  # noqa: S608
            account_id,
        )
