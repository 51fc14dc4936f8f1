"""The write side with webhooks that may reach this machine, and an endpoint on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.postgres.ops_migrate import migrate_ops
from tests.command_api.world import World, world
from tests.webhooks.posting import LOCAL, Posting
from tests.webhooks.receiver import Receiver, receiver


@pytest.fixture(scope="session")
def database(fresh_database: Callable[[], str]) -> str:
    """The lock of the one that posts holds for a database: tests here run one after the other on it."""
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    return url


@pytest.fixture
async def here(database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, tmp_path, settings={"webhook_networks": LOCAL}) as running:
        yield running


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as found:
        yield found


@pytest.fixture
async def posting(here: World, database: str) -> AsyncIterator[Posting]:
    """What posts, as it runs in `processors`; not begun."""
    found = Posting(here, database)
    await found.clean()
    yield found
    await found.stop()
