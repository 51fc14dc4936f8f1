"""The projector as a role of the process `processors`."""

from collections.abc import Callable

import asyncpg

from adapters.kafka.cluster import identify
from adapters.postgres.read.migrate import live_schema, migrate_read
from processors.parts import Parts
from processors.projections.projector import Projector
from processors.projections.registry import READ_MODELS


async def run_projections(parts: Parts, ready: Callable[[], None]) -> None:
    """Make the read schema if it is not there, then project into the live one."""
    connection = await asyncpg.connect(parts.postgres_url, timeout=30)
    try:
        schema = await live_schema(connection)
    finally:
        await connection.close()
    await migrate_read(parts.postgres_url, schema)
    names = tuple(topic.name for topic in READ_MODELS)
    projector = Projector(parts.log, lambda: identify(parts.kafka_url, names), parts.postgres_url, schema)
    await projector.run(ready)
