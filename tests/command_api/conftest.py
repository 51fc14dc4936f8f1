"""The write side on a database of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.postgres.ops_migrate import migrate_ops
from tests.command_api.world import ShakyLog, World, world


@pytest.fixture(scope="session")
def database(fresh_database: Callable[[], str]) -> str:
    """One database for all tests here: every test has users of its own."""
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    return url


@pytest.fixture
async def here(database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, tmp_path) as running:
        yield running


@pytest.fixture
async def shaky(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose log can be made to fail; nobody waits long there."""
    async with world(database, tmp_path, log=ShakyLog(), patience_s=2.0) as running:
        yield running
