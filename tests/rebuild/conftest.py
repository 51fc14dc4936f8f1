"""A database with live read models, and a rebuild of them, without a broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import migrate_read
from adapters.postgres.read.tables import SCHEMA
from processors.projections import leadership
from tests.projections.handmade import HandmadeLog
from tests.rebuild.making import Making


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    """A database with an empty read schema."""
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    asyncio.run(migrate_read(url, SCHEMA))
    return url


@pytest.fixture
def by_hand() -> HandmadeLog:
    return HandmadeLog()


@pytest.fixture
async def live(url: str) -> AsyncIterator[Any]:
    """A connection to the live read models, as the projector has it."""
    connection = await leadership.connect(url, SCHEMA)
    yield connection
    await connection.close()


@pytest.fixture
async def making(url: str, by_hand: HandmadeLog) -> AsyncIterator[Making]:
    control = await asyncpg.connect(url)
    yield Making(url, by_hand, control)
    await control.close()
