"""The projector as a role of the process `processors`."""

import asyncio
from collections.abc import Callable

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError

from adapters.kafka.cluster import identify
from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import live_schema, migrate_read
from processors.parts import Parts
from processors.projections.projector import Projector
from processors.projections.registry import READ_MODELS

log = structlog.get_logger(__name__)


async def run_projections(parts: Parts, ready: Callable[[], None]) -> None:
    """Make the read schema if it is not there, then project into the live one."""
    schema = await _prepared(parts)
    names = tuple(topic.name for topic in READ_MODELS)
    projector = Projector(parts.log, lambda: identify(parts.kafka_url, names), parts.postgres_url, schema)
    await projector.run(ready)


async def _prepared(parts: Parts) -> str:
    """The live read schema, made if it was not there. Waits for PostgreSQL. Raises SchemaOutdated."""
    while True:
        try:
            connection = await asyncpg.connect(parts.postgres_url, timeout=10)
            try:
                schema = await live_schema(connection)
            finally:
                await connection.close()
            await migrate_read(parts.postgres_url, schema)
            await migrate_ops(parts.postgres_url)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError, OSError, TimeoutError) as error:
            log.warning("PostgreSQL does not answer; trying again", why=repr(error))
            await asyncio.sleep(1)
        else:
            return schema
