"""Debian's Chromium, driven by Playwright, with a GPU in software so that WebGL works."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

PATIENCE = 60_000
"""Milliseconds that a loaded machine may take for what a quick one does at once."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]

expect.set_options(timeout=PATIENCE)


def chromium() -> str | None:
    """The browser's program, if there is one."""
    return which("chromium") or which("chromium-browser")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A new browser. Skips where there is no Chromium; fails there if CI=true."""
    program = chromium()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing: apt-get install chromium", pytrace=False)
        pytest.skip("Chromium is missing")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def page_at(browser: Browser, width: int, height: int, *, dark: bool = False, language: str = "en") -> Iterator[Page]:
    """A page of somebody who has never been there: with cookies and storage of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        locale=language,
        reduced_motion="reduce",
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()
