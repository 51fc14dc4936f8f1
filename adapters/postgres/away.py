"""PostgreSQL that does not answer: what that looks like, and waiting until it does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError

from adapters.errors import DependencyDown

Answer = TypeVar("Answer")
AWAY: Final = (
    asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, DBAPIError, OSError, TimeoutError,
)  # fmt: skip
"""It does not answer, or cut a connection; asyncpg's internal error is one that was cut at an odd moment."""
AGAIN_S: Final = 1.0
log = structlog.get_logger(__name__)


async def until_it_answers(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `ask` returns; it is called again as long as PostgreSQL is away."""
    while True:
        try:
            return await ask()
        except (*AWAY, DependencyDown) as error:
            log.warning("PostgreSQL does not answer; trying again", why=repr(error))
            await asyncio.sleep(AGAIN_S)
