"""Queries on the read models. Each takes the account that asks: rows of others are not there."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
from sqlalchemy import BindParameter, ClauseElement, ColumnElement, Table, bindparam, func, select

from adapters.errors import DependencyDown
from adapters.postgres.away import AWAY
from adapters.postgres.read.pool import ACQUIRE_S, CONNECTIONS
from adapters.postgres.read.tables import accounts, files, ledger, task_events, tasks
from domain.account.timeline import TimelineEntry
from query_api.ledger_queries import LedgerFilter, with_balances
from query_api.statements import Statement
from query_api.task_queries import TaskFilter, count_of_tasks, page_of_tasks

Row = Mapping[str, Any]
_LONGEST_NAMES: Final = 20_000
"""Files of one account whose names are compared when a file is asked for by its name."""
_MISTAKES: Final = (asyncpg.SyntaxOrAccessError, asyncpg.DataError)
"""Of ours: no query that is right raises them."""
_CUT: Final = (
    asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError,
    asyncpg.InternalClientError, ConnectionError,
)  # fmt: skip
"""A connection that is of no use any more."""

_account: Final[BindParameter[str]] = bindparam("account_id")
_ACCOUNT: Final = Statement(select(accounts).where(accounts.c.account_id == _account))
_TASK: Final = Statement(select(tasks).where(tasks.c.task_id == bindparam("task_id"), tasks.c.account_id == _account))
_EVENTS: Final = Statement(
    select(task_events)
    .where(task_events.c.task_id == bindparam("task_id"), task_events.c.seq > bindparam("after"))
    .order_by(task_events.c.seq)
    .limit(bindparam("limit"))
)
_FILE: Final = Statement(select(files).where(files.c.file_id == bindparam("file_id"), files.c.account_id == _account))


class Queries:
    """All methods raise DependencyDown when PostgreSQL does not answer, and what a first look at a new connection
    raises (`ProjectionPositions.require_not_behind`)."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self.pool = pool
        self._turns = asyncio.Semaphore(CONNECTIONS)
        """First come, first served. The pool itself lets newcomers pass those who wait, and some wait for ever."""

    def use(self, pool: "asyncpg.Pool[Any]") -> None:
        """Ask by another pool from now on. Queries that run already end on the one they began on."""
        self.pool = pool

    async def account(self, account_id: str) -> Row | None:
        return _first(await self.run(_ACCOUNT, account_id=account_id))

    async def task(self, account_id: str, task_id: str) -> Row | None:
        return _first(await self.run(_TASK, account_id=account_id, task_id=task_id))

    async def tasks(
        self, wanted: TaskFilter, *, before: str | None = None, offset: int = 0, limit: int = 20
    ) -> tuple[list[Row], int]:
        """The newest first, and how many there are in all. `before`: only tasks older than this id."""
        given = wanted.given()
        place = {} if before is None else {"before": before}
        page = page_of_tasks(frozenset(given), before is not None)
        rows = await self.run(page, **given, **place, offset=offset, limit=limit)
        if rows or (before is None and offset == 0):
            return rows, rows[0]["total"] if rows else 0
        return rows, (await self.run(count_of_tasks(frozenset(given)), **given))[0]["total"]

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
        rows = await self.run(_EVENTS, task_id=task_id, after=after, limit=limit)
        return [TimelineEntry(*(row[name] for name in TimelineEntry.__struct_fields__)) for row in rows]

    async def file(self, account_id: str, file_id: str) -> Row | None:
        return _first(await self.run(_FILE, account_id=account_id, file_id=file_id))

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

    async def rows(self, query: ClauseElement) -> list[Row]:
        """What a query finds that is not asked often enough to be kept as a statement."""
        return await self.run(Statement(query))

    async def run(self, statement: Statement, **given: Any) -> list[Row]:
        """What it finds with these values."""
        values = statement.values(**given)
        try:
            try:
                return await self._fetch(statement.text, values)
            except _CUT:
                # A connection of the pool was cut since its last use: others of that time will be as well.
                await self.pool.expire_connections()
                return await self._fetch(statement.text, values)
        except _MISTAKES:
            raise
        except AWAY as error:
            raise DependencyDown(f"PostgreSQL does not answer: {error}", dependency="postgres") from error

    async def _fetch(self, text: str, values: Sequence[Any]) -> list[Row]:
        async with self._turns, self.pool.acquire(timeout=ACQUIRE_S) as connection:
            try:
                return [dict(row) for row in await connection.fetch(text, *values)]
            except _CUT:
                connection.terminate()  # the pool would try to close it in peace, and lose it where that fails
                raise


def _first(rows: Sequence[Row]) -> Row | None:
    return rows[0] if rows else None
