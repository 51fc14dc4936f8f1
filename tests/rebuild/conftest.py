"""A database with live read models, and a rebuild of them, without a broker."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from adapters.postgres.read.tables import SCHEMA
from processors.projections import leadership
from tests.projections.handmade import HandmadeLog
from tests.rebuild.making import Making


@pytest.fixture
def url(fresh_read_models: Callable[[], str]) -> str:
    """A database with an empty read schema."""
    return fresh_read_models()


@pytest.fixture
def by_hand() -> HandmadeLog:
    return HandmadeLog()


@pytest.fixture
async def live(url: str) -> AsyncIterator[Any]:
    """A connection to the live read models, as the projector has it."""
    connection = await leadership.connect(url, SCHEMA)
    yield connection
    await connection.close()


@pytest.fixture
async def making(url: str, by_hand: HandmadeLog) -> AsyncIterator[Making]:
    control = await asyncpg.connect(url)
    yield Making(url, by_hand, control)
    await control.close()
