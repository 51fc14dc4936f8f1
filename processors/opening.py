"""How roles begin that need the schema `ops`: it is at its newest version, and made with the master key they have."""

from typing import Any

import asyncpg

from adapters.postgres.away import until_it_answers
from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.security.master_key import MasterKey, load_master_key, require_master_key
from processors.parts import Parts


async def open_ops(parts: Parts, size: int) -> "tuple[MasterKey, asyncpg.Pool[Any]]":
    """The master key, and at most `size` connections. Waits for PostgreSQL. Raises WrongMasterKey."""
    master = load_master_key(parts.settings.home, parts.settings.master_key)
    return master, await until_it_answers(lambda: _opened(parts.postgres_url, master, size))


async def require_key(parts: Parts) -> None:
    """For who needs nothing else of PostgreSQL. Waits for it. Raises WrongMasterKey."""
    _, pool = await open_ops(parts, size=1)
    pool.terminate()


async def _opened(url: str, master: MasterKey, size: int) -> "asyncpg.Pool[Any]":
    await migrate_ops(url)
    pool = await make_pool(url, size=size)
    try:
        await require_master_key(pool, master)
    except BaseException:
        pool.terminate()
        raise
    return pool
