"""Dead letters: parked records by their place in the log, and what operators decided about them.

A decision is a row of `ops.dead_letter_orders`. The projector carries it out in a transaction of its own, in the order
of the stream; so it never works against what the projector does at the same time.
"""

import re
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import msgspec

from adapters.postgres.read.migrate import live_schema
from domain.errors import NotFound, NotInState

CHANNEL: Final = "lathe_dead_letter_orders"
"""Notified with each new order."""
Action = Literal["retry", "skip"]
_ID: Final = re.compile(r"([a-z.]{1,60}):(\d{1,4})@(\d{1,18})\Z", re.ASCII)


class Place(msgspec.Struct, frozen=True):
    """Where a record stands in the log; as text `<topic>:<partition>@<offset>`, which is a dead letter's id."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}@{self.offset}"


class Order(msgspec.Struct, frozen=True):
    """What was ordered and, once it is done, what came of it (`adapters/postgres/ops_models.py`)."""

    order_id: int
    action: str
    ordered_at: datetime
    actor: str
    done_at: datetime | None = None
    outcome: str | None = None
    folded: int | None = None
    left: int | None = None
    why: str | None = None


def place_of(dead_letter_id: str) -> Place:
    """Raises NotFound for what is no id."""
    match = _ID.match(dead_letter_id)
    if match is None:
        raise NotFound("There is no such dead letter.")
    return Place(match[1], int(match[2]), int(match[3]))


class DeadLetterOrders:
    """Places orders."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def place(self, place: Place, action: Action, actor: str) -> Order:
        """The order; the open one if the same is ordered already.

        Raises NotFound, and NotInState when another order is open, or when a record is to be skipped that can be
        folded itself.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            schema = await live_schema(connection)
            if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.parked_records") is None:
                raise NotFound("There is no such dead letter.")  # nothing was ever projected
            role = await connection.fetchval(
                f"SELECT role FROM {schema}.parked_records"  # noqa: S608 - our own name
                ' WHERE topic = $1 AND partition = $2 AND "offset" = $3',
                *msgspec.structs.astuple(place),
            )
            if role is None:
                raise NotFound("There is no such dead letter.")
            if action == "skip" and role != "poison":
                raise NotInState("Only a record that cannot be folded itself is skipped; this one waits behind it.")
            await connection.execute(_INSERT, *msgspec.structs.astuple(place), action, actor)
            row = await connection.fetchrow(_OPEN, *msgspec.structs.astuple(place))
            assert row is not None, "it was there, or was just made"
            if row["action"] != action:
                raise NotInState(f"It is ordered already to {row['action']} this record; see what comes of it.")
            await connection.execute("SELECT pg_notify($1, '')", CHANNEL)
        return order_of(row)


def order_of(row: Any) -> Order:
    """A row of `ops.dead_letter_orders`."""
    return Order(**{name: row[name] for name in Order.__struct_fields__})


_INSERT = """
INSERT INTO ops.dead_letter_orders (topic, partition, "offset", action, actor) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (topic, partition, "offset") WHERE done_at IS NULL DO NOTHING
"""
_OPEN = """
SELECT * FROM ops.dead_letter_orders
WHERE topic = $1 AND partition = $2 AND "offset" = $3 AND done_at IS NULL FOR UPDATE
"""
