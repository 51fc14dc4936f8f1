"""A person at the page, on a desktop and on a small phone, before the mock server."""

from collections.abc import Iterator

import pytest

from tests.system.browser import page_at
from tests.web.mock import mock_server
from tests.web.visit import Visit


@pytest.fixture(scope="session")
def mock() -> Iterator[str]:
    """The address of a mock server that serves the page."""
    with mock_server() as address:
        yield address


@pytest.fixture
def visit(mock: str) -> Iterator[Visit]:
    with page_at(1280, 800) as page:
        visit = Visit(page, mock)
        yield visit
        assert visit.faults == []


@pytest.fixture
def phone(mock: str) -> Iterator[Visit]:
    """A small phone whose person reads Russian in the dark."""
    with page_at(360, 740, dark=True, language="ru") as page:
        visit = Visit(page, mock, language="ru")
        yield visit
        assert visit.faults == []
