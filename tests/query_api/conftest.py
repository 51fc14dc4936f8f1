"""The read side on a database of its own, emptied for each test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.read.tables import SCHEMA, metadata
from tests.query_api.world import World, world


@pytest.fixture(scope="module")
def database(fresh_read_models: Callable[[], str]) -> str:
    return fresh_read_models()


@pytest.fixture
async def here(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Its parameter, if it is given one: settings."""
    connection = await asyncpg.connect(database)
    await connection.execute(
        f"TRUNCATE {', '.join(f'{SCHEMA}.{name}' for name in metadata.tables)}, ops.dead_letter_orders"
    )
    await connection.close()
    async with world(database, tmp_path, **getattr(request, "param", {})) as running:
        yield running
