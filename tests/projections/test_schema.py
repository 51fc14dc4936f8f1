"""The read schema: made once, by any number of processes, and never altered."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import SchemaOutdated, live_schema, migrate_read
from adapters.postgres.read.tables import SCHEMA, metadata
from adapters.settings import SettingsError
from processors.bootstrap import chosen_roles


@pytest.fixture(scope="module")
def url(fresh_database: Callable[[], str]) -> str:
    return fresh_database()


async def test_the_migrated_schema_is_what_the_tables_say(url: str) -> None:
    await asyncio.gather(*(migrate_read(url, SCHEMA) for _ in range(4)))
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://"),
        poolclass=NullPool,
        connect_args={"server_settings": {"search_path": SCHEMA}},
    )

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
        found = compare_metadata(context, metadata)
        return [change for change in found if "alembic_version" not in str(change)]

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_nothing_lies_in_public_and_schemas_live_side_by_side(url: str) -> None:
    await migrate_read(url, SCHEMA)
    await migrate_read(url, "read_v2")
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("SELECT schemaname, count(*) n FROM pg_tables GROUP BY 1 ORDER BY 1")
    await connection.close()
    counts = {row["schemaname"]: row["n"] for row in tables}
    assert "public" not in counts
    assert counts[SCHEMA] == counts["read_v2"] == len(metadata.tables) + 1


async def test_a_schema_that_serves_is_never_altered(url: str) -> None:
    await migrate_read(url, "read_v3")
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE read_v3.alembic_version SET version_num = '0000'")
    await connection.close()
    with pytest.raises(SchemaOutdated, match=r"read_v3 is of revision 0000.*rebuild"):
        await migrate_read(url, "read_v3")


async def test_only_read_schemas_are_made(url: str) -> None:
    for name in ("public", "read_v0", "read_v1; DROP SCHEMA ops", "ops"):
        with pytest.raises(ValueError, match="read_v<n>"):
            await migrate_read(url, name)


async def test_the_live_schema_is_named_in_ops(url: str) -> None:
    connection = await asyncpg.connect(url)
    assert await live_schema(connection) == SCHEMA
    await migrate_ops(url)
    await connection.execute(
        "INSERT INTO ops.live_read_schema (id, schema) VALUES (1, 'read_v2') "
        "ON CONFLICT (id) DO UPDATE SET schema = EXCLUDED.schema"
    )
    assert await live_schema(connection) == "read_v2"
    await connection.close()


def test_roles_are_chosen_by_name() -> None:
    assert list(chosen_roles("projections")) == ["projections"]
    assert next(iter(chosen_roles(None))) == "projections"
    with pytest.raises(SettingsError, match="unknown role nonsense"):
        chosen_roles("projections,nonsense")
