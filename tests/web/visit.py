"""A person at the page, in a browser of their own."""

import re
from itertools import count
from time import monotonic
from typing import Final

import httpx
from playwright.sync_api import Page

LOADED: Final = "model-viewer[data-loaded=true]"
_NAMES = count(1)


class Visit:
    """`faults` are what the browser complained of; `language` is what the page speaks to this person."""

    def __init__(self, page: Page, address: str, *, language: str = "en", name: str = "ann") -> None:
        self.page = page
        self.address = address
        self.language = language
        self.faults: list[str] = []
        self.name = f"{name}{next(_NAMES)}"
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self._heard(said.text))
        page.goto(address)

    def _heard(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.faults.append(text)

    def go(self, path: str) -> None:
        """By a link of the page where there is one, so that nothing is loaded anew."""
        link = self.page.locator(f"a[href='{path}']")
        if link.count() == 0:
            self.page.goto(self.address + path)
        else:
            link.first.click()

    def fill_login(self, *, register: bool = False) -> None:
        """In the dialog, or in the form that a page shows instead of itself. `register`: with a new account."""
        form = self.page.locator("form.auth-form")
        submit = form.locator("button[type=submit]")
        if register and form.locator("input[autocomplete=new-password]").count() == 0:
            form.locator("button.button-quiet").click()
        form.locator("input[name=username]").fill(self.name)
        form.locator("input[name=password]").fill("secret1")
        submit.click()

    def ask(self, prompt: str) -> None:
        self.page.locator("textarea").fill(prompt)
        self.page.locator("textarea").press("Enter")

    def begin(self, prompt: str) -> None:
        """Ask as a newcomer: with the account made on the way."""
        self.ask(prompt)
        self.fill_login(register=True)
        self.page.wait_for_url(re.compile("/tasks/"))

    def until(self, condition: str, *, seconds: float = 60) -> None:
        """Until JavaScript says so. Not `wait_for_function`, which the page's policy (no eval) refuses."""
        deadline = monotonic() + seconds
        while not self.page.evaluate(condition):
            assert monotonic() < deadline, condition
            self.page.wait_for_timeout(50)

    def tell_server(self, what: str) -> None:
        httpx.post(f"{self.address}/mock/{what}").raise_for_status()
