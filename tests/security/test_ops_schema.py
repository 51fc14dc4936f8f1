"""Schema `ops`: its migrations give what the models say, however many processes run them at once."""

import asyncio
from collections.abc import Callable

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from adapters.postgres.engine import make_engine
from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.ops_models import SCHEMA, OpsBase


async def test_processes_that_start_together_migrate_once(fresh_database: Callable[[], str]) -> None:
    url = await asyncio.to_thread(fresh_database)
    await asyncio.gather(*(migrate_ops(url) for _ in range(4)))

    def differences(connection: Connection) -> list[object]:
        options = {
            "include_schemas": True,
            "version_table_schema": SCHEMA,
            "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
            "compare_type": True,
            "compare_server_default": True,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), OpsBase.metadata))

    engine = make_engine(url, size=1)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        versions = (await connection.execute(text("SELECT version_num FROM ops.alembic_version"))).scalars().all()
        assert len(versions) == 1
        in_public = text("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        assert (await connection.execute(in_public)).scalar_one() == 0
    await engine.dispose()
