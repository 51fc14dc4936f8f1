"""Making a read schema: `migrate_read(url, schema)`.

A new schema gets all tables at once. A schema that serves already is never altered: if it is of another revision than
this code builds, that is an error whose remedy is a rebuild under the next name.
"""

import re
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres.alone import migrating
from adapters.postgres.read.tables import SCHEMA

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_NAME: Final = re.compile(r"read_v[1-9][0-9]{0,3}")
_LOCK: Final = 0x4C617468_52656164
"""Advisory lock "LathRead": one process migrates at a time."""


class SchemaOutdated(Exception):
    """The schema serves an older or newer read model than this code builds: rebuild under the next name."""


async def migrate_read(url: str, schema: str = SCHEMA) -> None:
    """Create `schema` (`read_v<n>`) with all tables, if it is not there. Raises SchemaOutdated.

    `url`: postgresql://… . Safe to call from several processes at once.
    """
    if not _NAME.fullmatch(schema):
        raise ValueError(f"a read schema is called read_v<n>, not {schema!r}")
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    try:
        async with migrating(), engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_migrate, schema)
    finally:
        await engine.dispose()


async def live_schema(connection: Any) -> str:
    """The read schema that queries and the projector use now: ops.live_read_schema, else what this code builds."""
    if await connection.fetchval("SELECT to_regclass('ops.live_read_schema')") is None:
        return SCHEMA
    return str(await connection.fetchval("SELECT schema FROM ops.live_read_schema LIMIT 1") or SCHEMA)


def _migrate(connection: Connection, schema: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes |= {"connection": connection, "schema": schema}
    head = ScriptDirectory.from_config(config).get_current_head()
    present = MigrationContext.configure(connection, opts={"version_table_schema": schema}).get_current_revision()
    if present == head:
        return
    if present is not None:
        raise SchemaOutdated(
            f"schema {schema} is of revision {present}, this version builds {head}: rebuild the read models"
        )
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    connection.execute(text(f"SET LOCAL search_path TO {schema}"))
    command.upgrade(config, "head")
