"""An operator at work by keyboard (design: web.md)."""

import pytest
from playwright.sync_api import Route, expect

from tests.web.keyboard import Keyboard
from tests.web.visit import Visit

pytestmark = pytest.mark.timeout(180)
LETTER = {
    "id": "lathe.accounts:3@1234",
    "topic": "lathe.accounts",
    "partition": 3,
    "offset": 1234,
    "key": "0198c1a0",
    "role": "poison",
    "why": "task 0198… is not known",
    "event_id": "0198c1a0-1",
    "event_type": "TaskCompleted",
    "bytes": 812,
    "parked_at": "2026-01-01T00:00:00Z",
}
ORDER = {
    "order_id": 7,
    "action": "skip",
    "actor": "user",
    "ordered_at": "2026-01-01T00:00:00Z",
    "done_at": None,
    "outcome": None,
    "folded": None,
    "left": None,
    "why": None,
}


def test_skipping_a_dead_letter_keeps_the_place_of_the_keyboard(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    letters = [LETTER]

    def listed(route: Route) -> None:
        route.fulfill(json={"items": letters, "total": len(letters), "limit": 50, "offset": 0, "next": None})

    def skip(route: Route) -> None:
        letters.clear()
        route.fulfill(status=202, json=ORDER)

    page.route("**/admin/dead-letters?*", listed)
    page.route("**/admin/dead-letters/*/skip", skip)
    visit.name = f"op-{visit.name}"
    page.goto(f"{visit.address}/operator")
    visit.fill_login(register=True)
    orders = page.locator(".letter-orders")
    expect(orders).to_be_visible()
    keys.use(page.get_by_role("button", name="Skip"))
    keys.comes_to(orders)
    keys.use(page.get_by_role("button", name="Keep it"))
    keys.comes_to(orders)
    keys.use(page.get_by_role("button", name="Skip"))
    keys.comes_to(orders)
    keys.use(page.get_by_role("button", name="Skip it for ever"))
    expect(orders).to_have_count(0)
    keys.comes_to(page.get_by_role("region", name="Dead letters"))
