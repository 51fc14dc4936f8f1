"""A read schema in a database of its own, and a connection as the projector has it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import migrate_read
from adapters.postgres.read.tables import SCHEMA, metadata
from processors.projections import leadership
from tests.projections.handmade import HandmadeLog
from tests.projections.reading import identity_of


@pytest.fixture(scope="module")
def read_database(fresh_database: Callable[[], str]) -> str:
    """URL of a database with an empty read schema."""
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    asyncio.run(migrate_read(url, SCHEMA))
    return url


@pytest.fixture
async def connection(read_database: str) -> AsyncIterator[Any]:
    """The projector's connection to an emptied read schema."""
    connection = await leadership.connect(read_database, SCHEMA)
    await connection.execute(f"TRUNCATE {', '.join(metadata.tables)}, ops.dead_letter_orders")
    yield connection
    await connection.close()


@pytest.fixture
def by_hand() -> HandmadeLog:
    return HandmadeLog()


@pytest.fixture
def identify() -> Any:
    """Says which log it is, as the broker would."""

    async def ask() -> Any:
        return identity_of()

    return ask
