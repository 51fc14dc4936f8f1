"""Bring schema `ops` to its newest version. Any number of processes may do it at once: an advisory lock orders them.

python -m adapters.postgres.ops_migrate        (with LATHE_POSTGRES_URL)
"""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from adapters.postgres.alone import migrating
from adapters.postgres.engine import make_engine
from adapters.settings import load_settings

_LOCK: Final = int.from_bytes(b"lathe/op")
"""A 64-bit name for the advisory lock that guards this schema's migrations."""


async def migrate_ops(postgres_url: str) -> None:
    """Create or upgrade schema `ops`. Returns when it is at its newest version, whoever brought it there."""
    engine = make_engine(postgres_url, size=1)
    try:
        async with migrating(), engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _LOCK})
            await connection.execute(text("CREATE SCHEMA IF NOT EXISTS ops"))
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def migration_config(connection: Connection) -> Config:
    """Alembic's configuration of this environment on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("ops_migrations")))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(migration_config(connection), "head")


def main() -> None:
    url = load_settings().postgres_url
    if url is None:
        raise SystemExit("LATHE_POSTGRES_URL is not set")
    asyncio.run(migrate_ops(url))


if __name__ == "__main__":
    main()
