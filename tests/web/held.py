"""Requests that wait until a test lets them go on."""

from time import monotonic

from playwright.sync_api import Page, Route

from tests.system.browser import PATIENCE


class Held:
    """`routes`: what was asked for at `address` from now on. None of it is answered by itself."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self.routes: list[Route] = []
        page.route(address, self._keep)

    def _keep(self, route: Route) -> None:
        self.routes.append(route)

    def first(self) -> Route:
        """Once it is there."""
        deadline = monotonic() + PATIENCE / 1000
        while not self.routes:
            assert monotonic() < deadline
            self._page.wait_for_timeout(50)
        return self.routes[0]
