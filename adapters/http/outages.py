"""Which exceptions of client libraries mean that a dependency is away, rather than that our code is wrong."""

from typing import Final

import asyncpg
import sqlalchemy.exc

from adapters.errors import DependencyDown
from adapters.object_store.port import ObjectMissing

OUTAGES: Final[tuple[type[Exception], ...]] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut at an odd moment
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    ConnectionError,
    ObjectMissing,
)


def outage_of(failure: Exception) -> DependencyDown:
    """What a client is told. A missing object is one too: the log says that it was stored."""
    if isinstance(failure, ObjectMissing):
        return DependencyDown("The stored content is not there at present.", dependency="object_store")
    name = "postgres" if not isinstance(failure, ConnectionError) else ""
    return DependencyDown("A database connection was lost; try again.", dependency=name)
