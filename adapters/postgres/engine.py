"""Connections to PostgreSQL: a SQLAlchemy engine for queries and schema, an asyncpg pool where it is hot."""

from typing import Any

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.errors import DependencyDown


def make_engine(postgres_url: str, *, size: int = 5, read_only: bool = False) -> AsyncEngine:
    """An async SQLAlchemy engine for `postgresql://…`. `size` is the most connections it keeps."""
    server_settings = {"application_name": "lathe", "jit": "off"}
    if read_only:
        server_settings["default_transaction_read_only"] = "on"
    return create_async_engine(
        f"postgresql+asyncpg://{postgres_url.partition('://')[2]}",
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=True,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={"server_settings": server_settings},
    )


async def make_pool(postgres_url: str, *, size: int = 5) -> "asyncpg.Pool[Any]":
    """An asyncpg pool of at most `size` connections; jsonb travels as Python values. Raises DependencyDown."""
    try:
        return await asyncpg.create_pool(
            postgres_url, min_size=1, max_size=size, init=json_codec, server_settings={"application_name": "lathe"}
        )
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as error:
        raise DependencyDown(f"PostgreSQL does not answer: {error}", dependency="postgres") from error


async def json_codec(connection: "asyncpg.Connection[Any]") -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )
