"""A user for each test of the whole."""

from collections.abc import Iterator

import pytest

from tests.system.client import Client
from tests.system.stack import Stack


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """A new user, logged in."""
    user = Client(stack.url)
    user.register()
    yield user
    user.close()
