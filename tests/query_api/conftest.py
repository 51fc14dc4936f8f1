"""The read side on a database of its own, emptied for each test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import migrate_read
from adapters.postgres.read.tables import SCHEMA, metadata
from tests.query_api.world import World, world


@pytest.fixture(scope="module")
def database(fresh_database: Callable[[], str]) -> str:
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    asyncio.run(migrate_read(url, SCHEMA))
    return url


@pytest.fixture
async def here(database: str, tmp_path: Path) -> AsyncIterator[World]:
    connection = await asyncpg.connect(database)
    await connection.execute(
        f"TRUNCATE {', '.join(f'{SCHEMA}.{name}' for name in metadata.tables)}, ops.dead_letter_orders"
    )
    await connection.close()
    async with world(database, tmp_path) as running:
        yield running
