"""The projector as a role of the process `processors`."""

import asyncio
from collections.abc import Callable
from typing import Final

import asyncpg
import structlog

from adapters.kafka.cluster import identify
from adapters.postgres.away import until_it_answers
from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.live import live_schemas
from adapters.postgres.read.migrate import live_schema, migrate_read
from processors.parts import Parts
from processors.projections.projector import Projector
from processors.projections.registry import READ_MODELS

log = structlog.get_logger(__name__)


GRACE_S: Final = 60.0
"""So long the schema that was replaced is kept up to date: readers change over one by one, and may be slow to hear."""


async def run_projections(parts: Parts, ready: Callable[[], None]) -> None:
    """Make the read schema if it is not there, then project into the live one, and into each that takes its place."""
    schema = await until_it_answers(lambda: _prepared(parts.postgres_url))
    projecting = _begin(parts, schema, ready)
    retiring: set[asyncio.Task[None]] = set()
    try:
        async for live in live_schemas(parts.postgres_url, schema):
            log.info("another read schema serves now", schema=live, instead_of=schema)
            retiring.add(asyncio.create_task(_retire(projecting), name=f"retire {schema}"))
            schema, projecting = live, _begin(parts, live, lambda: None)
    finally:
        for task in (projecting, *retiring):
            task.cancel()
        await asyncio.wait((projecting, *retiring))


def _begin(parts: Parts, schema: str, ready: Callable[[], None]) -> "asyncio.Task[None]":
    names = tuple(topic.name for topic in READ_MODELS)
    projector = Projector(parts.log, lambda: identify(parts.kafka_url, names), parts.postgres_url, schema)
    return asyncio.create_task(projector.run(ready), name=f"project into {schema}")


async def _retire(projecting: "asyncio.Task[None]") -> None:
    """Cancelled itself, it cancels at once."""
    try:
        await asyncio.sleep(GRACE_S)
    finally:
        projecting.cancel()
        await asyncio.wait([projecting])


async def _prepared(postgres_url: str) -> str:
    """The live read schema, made if it was not there. Raises SchemaOutdated."""
    connection = await asyncpg.connect(postgres_url, timeout=10)
    try:
        schema = await live_schema(connection)
    finally:
        connection.terminate()
    await migrate_read(postgres_url, schema)
    await migrate_ops(postgres_url)
    return schema
