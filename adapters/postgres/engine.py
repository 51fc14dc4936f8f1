"""Connections to PostgreSQL: a SQLAlchemy engine for migrations, an asyncpg pool for all else."""

from typing import Any, Final

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.errors import DependencyDown

CONNECTING_S: Final = 10.0


def make_engine(postgres_url: str, *, size: int = 5) -> AsyncEngine:
    """An async SQLAlchemy engine for `postgresql://…`. `size` is the most connections it keeps."""
    return create_async_engine(
        f"postgresql+asyncpg://{postgres_url.partition('://')[2]}",
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"server_settings": {"application_name": "lathe", "jit": "off"}},
    )


async def make_pool(postgres_url: str, *, size: int = 5) -> "asyncpg.Pool[Any]":
    """An asyncpg pool of at most `size` connections; jsonb travels as Python values. Raises DependencyDown."""
    try:
        return await asyncpg.create_pool(
            postgres_url,
            min_size=1,
            max_size=size,
            init=json_codec,
            connect=_connected,
            timeout=CONNECTING_S,
            server_settings={"application_name": "lathe"},
        )
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as error:
        raise DependencyDown(f"PostgreSQL does not answer: {error}", dependency="postgres") from error


async def _connected(*arguments: Any, **options: Any) -> "asyncpg.Connection[Any]":
    """Raises ConnectionError however the server cannot be reached: no such name, no answer in time, no route."""
    try:
        return await asyncpg.connect(*arguments, **options)
    except OSError as error:
        raise ConnectionError(f"PostgreSQL cannot be reached: {error or type(error).__name__}") from error


async def json_codec(connection: "asyncpg.Connection[Any]") -> None:
    """jsonb travels as Python values on this connection."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )
