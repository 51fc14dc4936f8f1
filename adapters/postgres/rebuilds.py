"""Rebuilds of the read models: what `lathe ops rebuild` notes while it runs, and operators look at."""

from datetime import datetime
from typing import Any, Final

import msgspec

_COLUMNS: Final = "rebuild_id, schema, state, done, total, eta_s, started_at, updated_at, ended_at, why"


class Rebuild(msgspec.Struct, frozen=True):
    """One rebuild (`adapters/postgres/ops_models.py`). `connection` below is asyncpg's, or a pool of them."""

    rebuild_id: int
    schema: str
    state: str
    done: int
    """Records."""
    total: int
    eta_s: float | None
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    why: str | None

    @property
    def share(self) -> float:
        """0 to 1 of the records are folded."""
        return min(1.0, self.done / self.total) if self.total else 1.0


async def latest(connection: Any, most: int = 20) -> list[Rebuild]:
    """The newest first."""
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM ops.rebuilds ORDER BY rebuild_id DESC LIMIT $1", most)  # noqa: S608
    return [Rebuild(*row) for row in rows]


async def unfinished(connection: Any) -> Rebuild | None:
    """The newest one that did not end."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM ops.rebuilds WHERE ended_at IS NULL ORDER BY rebuild_id DESC LIMIT 1"  # noqa: S608
    )
    return Rebuild(*rows[0]) if rows else None


async def begin(connection: Any, schema: str, total: int) -> int:
    """Note a new rebuild; its id."""
    return int(
        await connection.fetchval(
            "INSERT INTO ops.rebuilds (schema, state, done, total) VALUES ($1, 'building', 0, $2) RETURNING rebuild_id",
            schema,
            total,
        )
    )


async def note(connection: Any, rebuild_id: int, state: str, done: int, total: int, eta_s: float | None) -> None:
    """How far it is."""
    await connection.execute(
        "UPDATE ops.rebuilds SET state = $2, done = $3, total = $4, eta_s = $5, updated_at = now() "
        "WHERE rebuild_id = $1",
        rebuild_id,
        state,
        done,
        total,
        eta_s,
    )


async def fail(connection: Any, rebuild_id: int, why: str) -> None:
    """It cannot go on as it is. What was built stays; the next one goes on with it."""
    await connection.execute(
        "UPDATE ops.rebuilds SET state = 'failed', why = $2, eta_s = NULL, updated_at = now() WHERE rebuild_id = $1",
        rebuild_id,
        why,
    )


async def end(connection: Any, rebuild_id: int, state: str, why: str | None = None) -> None:
    """It was swapped in, or given up."""
    await connection.execute(
        "UPDATE ops.rebuilds SET state = $2, why = $3, eta_s = NULL, updated_at = now(), ended_at = now() "
        "WHERE rebuild_id = $1",
        rebuild_id,
        state,
        why,
    )
