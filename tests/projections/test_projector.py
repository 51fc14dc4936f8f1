"""The projector as a whole, on a log in memory and a real PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from adapters.kafka import topics
from adapters.postgres.read.migrate import migrate_read
from adapters.postgres.read.tables import SCHEMA
from domain.account import events as e
from domain.catalog import events as c
from processors.projections.projector import Projector
from tests.projections.handmade import CREDIT, HandmadeLog, requested

NEXT = "read_v1000"
OPENED = e.AccountOpened(user_id=1, granted=10 * CREDIT)
STANDING_BY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_try_advisory_lock%'
AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')
"""
"""Processes that asked for the lock last, and do not have it."""


@contextlib.asynccontextmanager
async def running(*projectors: Projector) -> AsyncIterator[None]:
    """The projectors, while the block runs. One that ends by itself fails the test at once."""
    tasks = [asyncio.create_task(projector.run()) for projector in projectors]
    block = asyncio.current_task()
    assert block is not None

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            block.cancel(f"a projector ended: {task.exception()!r}")

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def until(connection: Any, query: str, value: object) -> None:
    """Wait until a query tells `value`; the test's own time limit is the deadline."""
    while (found := await connection.fetchval(query)) != value:
        assert found is None or type(found) is type(value)
        await asyncio.sleep(0.02)


@pytest.fixture
def projector(read_database: str, by_hand: HandmadeLog, identify: Any) -> Callable[[], Projector]:
    return lambda: Projector(by_hand.log, identify, read_database, SCHEMA)


async def test_it_follows_and_tells_each_commit(
    connection: Any, read_database: str, by_hand: HandmadeLog, projector: Callable[[], Projector]
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(read_database)
    await listener.add_listener(SCHEMA, lambda *args: heard.put_nowait(args[-1]))
    account = by_hand.account_in(2)
    await by_hand.append(account, OPENED)
    async with running(projector()):
        assert await heard.get() == '{"lathe.accounts:2":2}'
        await by_hand.append(account, requested(by_hand.new_id(2)))
        assert await heard.get() == '{"lathe.accounts:2":3}'
        assert await connection.fetchval("SELECT count(*) FROM tasks") == 1
    await listener.close()


async def test_two_projectors_write_everything_once(
    connection: Any, by_hand: HandmadeLog, projector: Callable[[], Projector]
) -> None:
    accounts = [by_hand.account_in(n % 12) for n in range(40)]
    async with running(projector(), projector()):
        for account in accounts:
            await by_hand.append(account, OPENED)
        await until(connection, "SELECT count(*) FROM accounts WHERE version = 1", 40)
    assert await connection.fetchval("SELECT sum(granted)::bigint FROM ledger") == 400 * CREDIT


async def test_the_standby_takes_over_when_the_leader_dies(
    connection: Any, by_hand: HandmadeLog, projector: Callable[[], Projector]
) -> None:
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED)
    async with running(projector()):
        await until(connection, "SELECT count(*) FROM accounts", 1)
        async with running(projector()):
            await until(connection, STANDING_BY, 1)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            )
            await by_hand.append(account, e.CreditsAdjusted(amount=1, reason="after the leader"))
            await until(connection, "SELECT version FROM accounts", 2)


async def test_who_leads_no_more_tells_of_no_parked_streams(
    connection: Any, by_hand: HandmadeLog, projector: Callable[[], Projector]
) -> None:
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED, value=b"")
    async with running(projector()):
        await until(connection, "SELECT count(*) FROM parked_records", 1)
        while REGISTRY.get_sample_value("lathe_parked_streams") != 1:
            await asyncio.sleep(0.02)
    assert REGISTRY.get_sample_value("lathe_parked_streams") == 0


async def test_who_is_retired_leaves_the_parked_streams_of_the_other_schema(
    connection: Any, read_database: str, by_hand: HandmadeLog, identify: Any, projector: Callable[[], Projector]
) -> None:
    """After a rebuild the old projector goes on for a while, in the process of the new one."""
    await migrate_read(read_database, NEXT)
    await by_hand.append(by_hand.account_in(0), OPENED, value=b"")
    async with running(Projector(by_hand.log, identify, read_database, NEXT)):
        async with running(projector()):
            while REGISTRY.get_sample_value("lathe_parked_streams") != 2:
                await asyncio.sleep(0.02)
        assert REGISTRY.get_sample_value("lathe_parked_streams") == 1
    assert REGISTRY.get_sample_value("lathe_parked_streams") == 0


async def test_no_database_for_a_while(
    connection: Any, by_hand: HandmadeLog, projector: Callable[[], Projector]
) -> None:
    """Sessions are ended again and again while events come: nothing is parked, lost or doubled."""
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED)
    async with running(projector()):
        for _ in range(20):
            for _ in range(5):
                await by_hand.append(account, e.CreditsAdjusted(amount=1, reason="one"))
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'lathe projector' "
                "AND pid <> pg_backend_pid() AND datname = current_database()"
            )
            await asyncio.sleep(0.01)
        await until(connection, "SELECT version FROM accounts", 101)
    assert await connection.fetchval("SELECT balance FROM accounts") == 10 * CREDIT + 100
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 0


async def test_models_follow_their_catalog(
    connection: Any, by_hand: HandmadeLog, projector: Callable[[], Projector]
) -> None:
    key = "model/lathe/form"
    published = c.ModelPublished(
        model="lathe/form",
        version="1",
        title="Form",
        kinds=("text",),
        params_schema={"type": "object"},
        price=CREDIT,
        typical_seconds=2.5,
    )
    await by_hand.append(key, published, topics.CATALOG)
    async with running(projector()):
        await until(connection, "SELECT price FROM models", CREDIT)
        await by_hand.append(key, c.ModelRepriced(model="lathe/form", price=2 * CREDIT), topics.CATALOG)
        await until(connection, "SELECT price FROM models", 2 * CREDIT)
        await by_hand.append(key, c.ModelRetired(model="lathe/form"), topics.CATALOG)
        await until(connection, "SELECT status FROM models", "retired")
    assert await connection.fetchval("SELECT model_version FROM models") == "1"
