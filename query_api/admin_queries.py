"""Queries of operators: across all accounts, without a word that is personal."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, func, select, tuple_

from adapters.postgres.dead_letters import Place
from adapters.postgres.ops_models import Cursor, DeadLetterOrder
from adapters.postgres.read.tables import parked_records as parked
from adapters.postgres.read.tables import tasks
from query_api.queries import Queries, Row

LONGEST: Final = 100
_UNDER_WAY: Final = ("queued", "running", "cancelling")


class AdminQueries:
    """All methods raise DependencyDown when PostgreSQL does not answer."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def parked_by_partition(self) -> dict[tuple[str, int], int]:
        count = func.count().label("count")
        rows = await self._queries.rows(
            select(parked.c.topic, parked.c.partition, count).group_by(parked.c.topic, parked.c.partition)
        )
        return {(row["topic"], row["partition"]): row["count"] for row in rows}

    async def cursors(self) -> list[Row]:
        """Where reactors go on: (name, topic, partition, next_offset)."""
        columns = (Cursor.name, Cursor.topic, Cursor.partition, Cursor.next_offset)
        return await self._queries.rows(select(*columns).order_by(*columns[:3]))

    async def queue(self, by: str, most: int = LONGEST) -> list[Row]:
        """Tasks under way by `model` or `account_id`: counts, and since when the oldest waits."""
        column = tasks.c[by]
        counts = [func.count().filter(tasks.c.status == status).label(status) for status in _UNDER_WAY]
        oldest = func.min(tasks.c.queued_at).filter(tasks.c.status == "queued").label("oldest_queued_at")
        found = select(column, *counts, oldest).where(tasks.c.status.in_(_UNDER_WAY)).group_by(column)
        return await self._queries.rows(found.order_by(func.count().desc(), column).limit(most))

    async def under_way(self) -> Row:
        """How many tasks are queued, running and cancelling."""
        counts = [func.count().filter(tasks.c.status == status).label(status) for status in _UNDER_WAY]
        return (await self._queries.rows(select(*counts).where(tasks.c.status.in_(_UNDER_WAY))))[0]

    async def dead_letters(
        self, wanted: Sequence[ColumnElement[bool]], after: Place | None, offset: int, limit: int
    ) -> tuple[list[Row], int]:
        """Parked records in the order of the log, and how many there are in all."""
        place = (parked.c.topic, parked.c.partition, parked.c.offset)
        page = select(parked).where(*wanted).order_by(*place).offset(offset).limit(limit)
        if after is not None:
            page = page.where(tuple_(*place) > (after.topic, after.partition, after.offset))
        return await self._queries.rows(page), await self._queries.count(parked, wanted)

    async def dead_letter(self, place: Place) -> Row | None:
        rows = await self._queries.rows(
            select(parked).where(
                parked.c.topic == place.topic, parked.c.partition == place.partition, parked.c.offset == place.offset
            )
        )
        return rows[0] if rows else None

    async def behind(self, row: Row) -> int:
        """How many records of its stream are parked after it."""
        return await self._queries.count(
            parked,
            [
                parked.c.topic == row["topic"],
                parked.c.partition == row["partition"],
                parked.c.key.is_not_distinct_from(row["key"]),
                parked.c.offset > row["offset"],
            ],
        )

    async def orders(self, place: Place) -> list[Row]:
        """What was decided about a record, the newest first."""
        order = DeadLetterOrder.__table__
        return await self._queries.rows(
            select(order)
            .where(order.c.topic == place.topic, order.c.partition == place.partition, order.c.offset == place.offset)
            .order_by(order.c.order_id.desc())
            .limit(LONGEST)
        )


def of_topic(topic: str) -> ColumnElement[bool]:
    return parked.c.topic == topic


def of_role(role: str) -> ColumnElement[bool]:
    return parked.c.role == role


def of_key(key: str) -> ColumnElement[bool]:
    return parked.c.key == key.encode()
