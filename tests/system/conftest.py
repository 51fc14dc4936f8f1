"""One `lathe up` for all system tests. Each test has users of its own."""

from collections.abc import Iterator

import pytest

from tests.system.client import Client
from tests.system.stack import Stack, lathe_up


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with lathe_up(tmp_path_factory.mktemp("system") / "home") as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """A new user, logged in."""
    user = Client(stack.url)
    user.register()
    yield user
    user.close()
