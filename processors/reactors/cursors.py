"""Where a reactor goes on after a restart: `ops.cursors`, never part of a rebuild."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from adapters.kafka.position import TP, Position


class Cursors(Protocol):
    async def load(self, name: str, tps: Iterable[TP]) -> dict[TP, Position]:
        """The saved positions; the beginning where none was saved."""
        ...

    async def save(self, name: str, positions: Mapping[TP, Position]) -> None: ...


class PostgresCursors:
    """`pool`: an asyncpg pool."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def load(self, name: str, tps: Iterable[TP]) -> dict[TP, Position]:
        rows = await self._pool.fetch(
            'SELECT topic, partition, next_offset, epoch, nonce, seq FROM ops.cursors WHERE "name" = $1', name
        )
        saved = {
            (row["topic"], row["partition"]): Position(row["next_offset"], row["epoch"], row["nonce"], row["seq"])
            for row in rows
        }
        return {tp: saved.get(tp, Position()) for tp in tps}

    async def save(self, name: str, positions: Mapping[TP, Position]) -> None:
        await self._pool.executemany(
            "INSERT INTO ops.cursors VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name, topic, partition) DO UPDATE"
            " SET next_offset = $4, epoch = $5, nonce = $6, seq = $7",
            [(name, t, n, p.offset, p.epoch, p.nonce, p.seq) for (t, n), p in positions.items()],
        )
