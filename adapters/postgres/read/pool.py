"""A pool whose connections see the tables of one read schema, and change none."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg

from adapters.postgres.engine import json_codec

CONNECTIONS: Final = 10
"""Open at once, at most."""
ACQUIRE_S: Final = 20.0
"""How long a query waits for a connection."""
Look = Callable[[Any], Awaitable[None]]


async def _nothing(connection: Any) -> None:
    """A session that only reads leaves nothing behind that would have to be reset: that saves a round trip."""


async def make_read_pool(
    postgres_url: str, schema: str, *, size: int = CONNECTIONS, first_look: Look = _nothing
) -> "asyncpg.Pool[Any]":
    """`size`: the most connections it opens, each when it is needed. jsonb comes as Python values.

    `first_look` is called with each new connection; what it raises is raised to who would have used it.
    """

    async def init(connection: Any) -> None:
        try:
            await json_codec(connection)
            await first_look(connection)
        except BaseException:
            connection.terminate()  # the pool would try to close it in peace, and lose it where that fails
            raise

    return await asyncpg.create_pool(
        postgres_url,
        min_size=0,
        max_size=size,
        init=init,
        reset=_nothing,
        timeout=5,
        command_timeout=10,
        server_settings={
            "application_name": "lathe query_api",
            "search_path": schema,
            "default_transaction_read_only": "on",
            "jit": "off",
        },
    )
