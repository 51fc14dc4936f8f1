"""Which read schema serves, and hearing of it when another one takes its place."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

import asyncpg
import structlog

from adapters.postgres.away import AWAY
from adapters.postgres.read.migrate import live_schema

log = structlog.get_logger(__name__)
CHANNEL: Final = "lathe_live_read_schema"
"""Notified with the schema's name at each swap."""
LOOK_S: Final = 5.0
"""It is looked up so often besides: notifications of a broken connection are lost."""

_SWAP: Final = """
INSERT INTO ops.live_read_schema (id, schema, since) VALUES (1, $1, now())
ON CONFLICT (id) DO UPDATE SET schema = excluded.schema, since = excluded.since
"""


async def swap_to(connection: Any, schema: str) -> None:
    """Make `schema` the one that serves, within the caller's transaction. Whoever follows it hears of it."""
    await connection.execute(_SWAP, schema)
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, schema)


async def live_schemas(postgres_url: str, known: str) -> AsyncGenerator[str, None]:
    """Each schema that takes the place of the one before it, from `known` on; for ever. Waits for PostgreSQL."""
    while True:
        try:
            connection = await asyncpg.connect(postgres_url, timeout=10)
        except AWAY as error:
            log.warning("cannot look which read schema serves", why=repr(error))
            await asyncio.sleep(LOOK_S)
            continue
        changed = asyncio.Event()
        try:
            await connection.add_listener(CHANNEL, lambda *_, told=changed: told.set())
            while True:
                changed.clear()
                found = await asyncio.wait_for(live_schema(connection), LOOK_S)
                if found != known:
                    known = found
                    yield known
                await _either(changed, LOOK_S)
        except AWAY as error:
            log.warning("lost the connection that hears which read schema serves", why=repr(error))
        finally:
            connection.terminate()


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Until the event, or so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
