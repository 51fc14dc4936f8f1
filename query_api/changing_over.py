"""Going on to another read schema while requests are answered: after a rebuild it serves, and nobody notices."""

import asyncio
from typing import Final

import structlog

from adapters.postgres.away import AWAY
from adapters.postgres.read.live import live_schemas
from adapters.postgres.read.pool import make_read_pool
from query_api.positions import ProjectionPositions
from query_api.queries import Queries

log = structlog.get_logger(__name__)
LAST_QUERY_S: Final = 30.0
"""Longer than any query runs: then the connections to the schema before are closed."""
AGAIN_S: Final = 1.0


async def change_over_with_the_live_schema(postgres_url: str, queries: Queries, positions: ProjectionPositions) -> None:
    """Until cancelled. A change that waits for its schema is given up when yet another one serves."""
    changing: asyncio.Task[None] | None = None
    try:
        async for schema in live_schemas(postgres_url, positions.schema):
            if changing is not None:
                changing.cancel()
                await asyncio.wait([changing])
            changing = asyncio.create_task(_change_over(postgres_url, schema, queries, positions))
    finally:
        if changing is not None:
            changing.cancel()
            await asyncio.wait([changing])


async def _change_over(postgres_url: str, schema: str, queries: Queries, positions: ProjectionPositions) -> None:
    if schema == positions.schema:
        return
    pool = await make_read_pool(postgres_url, schema, first_look=positions.require_not_behind)
    before = queries.pool
    try:
        while True:
            try:
                await positions.change_over(schema, lambda: queries.use(pool))
                break
            except AWAY as error:
                log.warning("cannot go on to the read schema that serves now; trying again", why=repr(error))
                await asyncio.sleep(AGAIN_S)
        log.info("queries go to another read schema", schema=schema)
        await asyncio.sleep(LAST_QUERY_S)
    finally:
        await (before if queries.pool is pool else pool).close()
