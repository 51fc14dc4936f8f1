"""A SQLAlchemy engine whose connections see the tables of one read schema, and change none."""

from typing import Final

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECTIONS: Final = 10
"""Open at once, at most."""


def make_read_engine(postgres_url: str, schema: str, *, size: int = CONNECTIONS) -> AsyncEngine:
    """`size`: the most connections it opens."""
    return create_async_engine(
        postgres_url.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=size,
        max_overflow=0,
        pool_timeout=20,
        isolation_level="AUTOCOMMIT",
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": 5,
            "command_timeout": 10,
            "server_settings": {
                "application_name": "lathe query_api",
                "search_path": schema,
                "default_transaction_read_only": "on",
                "jit": "off",
            },
        },
    )
