"""A read schema in a database of its own, and a connection as the projector has it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.projections.handmade import HandmadeLog
from tests.projections.reading import emptied, identity_of


@pytest.fixture(scope="module")
def read_database(fresh_read_models: Callable[[], str]) -> str:
    """URL of a database with an empty read schema."""
    return fresh_read_models()


@pytest.fixture
async def connection(read_database: str) -> AsyncIterator[Any]:
    """The projector's connection to an emptied read schema."""
    connection = await emptied(read_database)
    yield connection
    await connection.close()


@pytest.fixture
def by_hand() -> HandmadeLog:
    return HandmadeLog()


@pytest.fixture
def identify() -> Any:
    """Says which log it is, as the broker would."""

    async def ask() -> Any:
        return identity_of()

    return ask
