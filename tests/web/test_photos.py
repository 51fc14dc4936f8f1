"""Photos that are dropped on the page (design: web.md)."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.visit import Visit

pytestmark = pytest.mark.timeout(180)


def drop(page: Page, *names: str) -> None:
    page.evaluate(
        """(names) => {
          const files = new DataTransfer()
          for (const name of names) files.items.add(new File(['photo'], name, { type: 'image/png' }))
          dispatchEvent(new DragEvent('drop', { dataTransfer: files }))
        }""",
        list(names),
    )


def test_of_several_photos_that_no_engine_takes_together_the_first_is_used_and_that_is_told(visit: Visit) -> None:
    page = visit.page

    def without_views(route: Route) -> None:
        models = route.fetch().json()
        items = [model for model in models["items"] if "images" not in model["kinds"]]
        route.fulfill(json={**models, "items": items, "total": len(items)})

    page.route("**/generate/models*", without_views)
    page.reload()
    expect(page.get_by_text("costs 1 credit")).to_be_visible()
    drop(page, "front.png", "left.png", "back.png")
    told = page.get_by_role("alert").filter(has_text="Only the first photo is used")
    expect(told).to_be_visible()
    expect(page.locator(".photo strong")).to_have_text(["front.png"])
    drop(page, "left.png")
    expect(page.locator(".photo strong")).to_have_text(["left.png"])
    expect(told).to_have_count(0)
