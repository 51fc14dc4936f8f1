"""The write side with accounts to erase, on a database of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.postgres.ops_migrate import migrate_ops
from tests.command_api.world import World, world
from tests.erasure.scene import Store


@pytest.fixture(scope="module")
def database(fresh_database: Callable[[], str]) -> str:
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    return url


@pytest.fixture
async def here(database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, tmp_path, store=Store()) as running:
        yield running
        await running.parts.pool.execute("DELETE FROM ops.erasures")
