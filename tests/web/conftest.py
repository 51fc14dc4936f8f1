"""A person at the page, on a desktop and on a small phone, before the mock server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.system.browser import page_at, running_browser
from tests.web.mock import mock_server
from tests.web.visit import Visit


@pytest.fixture(scope="session")
def mock() -> Iterator[str]:
    """The address of a mock server that serves the page."""
    with mock_server() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a file: while it runs, no test that brings an event loop can."""
    with running_browser() as browser:
        yield browser


@pytest.fixture
def visit(mock: str, browser: Browser) -> Iterator[Visit]:
    with page_at(browser, 1280, 800) as page:
        visit = Visit(page, mock)
        yield visit
        assert visit.faults == []


@pytest.fixture
def phone(mock: str, browser: Browser) -> Iterator[Visit]:
    """The smallest phone (WCAG 2.2, 1.4.10: 320 pixels) whose person reads Russian in the dark."""
    with page_at(browser, 320, 640, dark=True, language="ru") as page:
        visit = Visit(page, mock, language="ru")
        yield visit
        assert visit.faults == []
