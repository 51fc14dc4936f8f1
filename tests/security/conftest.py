"""A database with schema `ops`, and the keys on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.security.account_keys import AccountKeys
from adapters.security.master_key import MasterKey


@pytest.fixture(scope="module")
def ops_url(fresh_database: Callable[[], str]) -> str:
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    return url


@pytest.fixture
async def pool(ops_url: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    pool = await make_pool(ops_url, size=4)
    yield pool
    await pool.close()


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(bytes(range(32)))


@pytest.fixture
def account_keys(pool: "asyncpg.Pool[Any]", master: MasterKey) -> AccountKeys:
    return AccountKeys(pool, master.key_wrapping)
