"""Queries on the read models. Each takes the account that asks: rows of others are not there."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from sqlalchemy import ColumnElement, Executable, Select, Table, func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.errors import DependencyDown
from adapters.postgres.read.engine import CONNECTIONS
from adapters.postgres.read.tables import accounts, files, ledger, projection_offsets, task_events, tasks
from domain.account.timeline import TimelineEntry
from query_api.ledger_queries import LedgerFilter, with_balances
from query_api.positions import ProjectionBehind, ProjectionPositions
from query_api.task_queries import TaskFilter

Row = RowMapping
_LONGEST_NAMES: Final = 20_000
"""Files of one account whose names are compared when a file is asked for by its name."""
_NOT_BEHIND: Final = "sees all that was told"
"""Key of a connection's `info`."""

AWAY: Final = (DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What is raised when PostgreSQL does not answer, or cuts a connection."""


class Queries:
    """All methods raise DependencyDown when PostgreSQL does not answer, ProjectionBehind while a crash of it has left
    the read models behind what was told before."""

    def __init__(self, engine: AsyncEngine, positions: ProjectionPositions) -> None:
        self.engine, self._positions = engine, positions
        self._turns = asyncio.Semaphore(CONNECTIONS)
        """First come, first served. The pool itself lets newcomers pass those who wait, and some wait for ever."""

    def use(self, engine: AsyncEngine) -> None:
        """Ask by another engine from now on. Queries that run already end on the one they began on."""
        self.engine = engine

    async def account(self, account_id: str) -> Row | None:
        return await self._one(select(accounts).where(accounts.c.account_id == account_id))

    async def task(self, account_id: str, task_id: str) -> Row | None:
        return await self._one(select(tasks).where(tasks.c.task_id == task_id, tasks.c.account_id == account_id))

    async def tasks(
        self, wanted: TaskFilter, *, before: str | None = None, offset: int = 0, limit: int = 20
    ) -> tuple[list[Row], int]:
        """The newest first, and how many there are in all. `before`: only tasks older than this id."""
        page = select(tasks).where(*wanted.conditions()).order_by(tasks.c.task_id.desc()).offset(offset).limit(limit)
        if before is not None:
            page = page.where(tasks.c.task_id < before)
        rows = await self.rows(page)
        if before is None and offset == 0 and len(rows) < limit:
            return rows, len(rows)
        return rows, await self.count(tasks, wanted.conditions())

    async def transactions(
        self, wanted: LedgerFilter, *, before: int | None = None, offset: int = 0, limit: int = 20
    ) -> tuple[list[Row], int]:
        """Movements of credits with the balance after each, the newest first. `before`: only older versions."""
        movements = with_balances(wanted.account_id)
        page = select(movements).where(*wanted.conditions(movements)).order_by(movements.c.version.desc())
        if before is not None:
            page = page.where(movements.c.version < before)
        mine = [ledger.c.account_id == wanted.account_id, *wanted.conditions(ledger)]
        return await self.rows(page.offset(offset).limit(limit)), await self.count(ledger, mine)

    async def task_events(self, task_id: str, *, after: int = 0, limit: int = 1000) -> list[TimelineEntry]:
        """The life of a task that was found before, from its event `after` + 1 on."""
        found = select(task_events).where(task_events.c.task_id == task_id, task_events.c.seq > after)
        rows = await self.rows(found.order_by(task_events.c.seq).limit(limit))
        return [TimelineEntry(*(row[name] for name in TimelineEntry.__struct_fields__)) for row in rows]

    async def file(self, account_id: str, file_id: str) -> Row | None:
        return await self._one(select(files).where(files.c.file_id == file_id, files.c.account_id == account_id))

    async def file_names(self, account_id: str) -> list[Row]:
        """(file_id, name) of the newest files; uploads' names are sealed."""
        found = select(files.c.file_id, files.c.name).where(files.c.account_id == account_id)
        return await self.rows(found.order_by(files.c.file_id.desc()).limit(_LONGEST_NAMES))

    async def alive(self) -> None:
        """Raises DependencyDown when PostgreSQL does not answer."""
        await self.rows(select(1))

    async def count(self, table: Table, conditions: Sequence[ColumnElement[bool]]) -> int:
        """How many rows there are."""
        found = await self.rows(select(func.count().label("total")).select_from(table).where(*conditions))
        return int(found[0]["total"])

    async def _one(self, query: Select[Any]) -> Row | None:
        rows = await self.rows(query)
        return rows[0] if rows else None

    async def rows(self, query: Executable) -> list[Row]:
        """What a query of somebody else's finds."""
        try:
            return await self._rows(query)
        except (ProgrammingError, DataError):
            raise
        except AWAY as error:
            if not (isinstance(error, DBAPIError) and error.connection_invalidated):
                raise _down(error) from error
        # A connection of the pool was cut since its last use; the others of that time were thrown away with it.
        try:
            return await self._rows(query)
        except AWAY as error:
            raise _down(error) from error

    async def _rows(self, query: Executable) -> list[Row]:
        async with self._turns, self.engine.connect() as connection:
            if _NOT_BEHIND not in connection.info:
                await self._require_not_behind(connection)
                connection.info[_NOT_BEHIND] = True
            return list((await connection.execute(query)).mappings())

    async def _require_not_behind(self, connection: AsyncConnection) -> None:
        """Projectors commit without waiting for the disk: a crash of PostgreSQL may take rows that were read before.
        It also cuts all connections. So one that is not behind when it is new never is."""
        furthest = self._positions.furthest()
        rows = (await connection.execute(select(projection_offsets))).mappings()
        stands = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        for (topic, partition), offset in furthest.items():
            if (stand := stands.get((topic, partition), 0)) < offset:
                raise ProjectionBehind(
                    f"The read models lost their last rows when PostgreSQL went down: they stand at "
                    f"{topic}:{partition}@{stand}, answers told of what is before {offset}. They are folded again.",
                    retry_after_s=1,
                )


def _down(error: Exception) -> DependencyDown:
    return DependencyDown(f"PostgreSQL does not answer: {error}", dependency="postgres")
