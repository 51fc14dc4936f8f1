"""Nothing is cut off, whatever the width of the window, and nothing is kept from who has no keyboard."""

import pytest
from playwright.sync_api import Browser, expect

from tests.system.browser import PATIENCE, page_at
from tests.web.visit import Visit

pytestmark = pytest.mark.timeout(180)
WIDTHS = (320, 640, 641, 744, 768, 820, 1000, 1001, 1280)
"""The smallest phone, tablets upright, and both sides of where the head of the page changes."""
FARTHEST = """() => {
  const ends = [...document.querySelectorAll('.header :is(a, button)')].map((one) => one.getBoundingClientRect().right)
  return Math.max(document.documentElement.scrollWidth, ...ends) - document.documentElement.clientWidth
}"""


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_head_of_the_page_fits(mock: str, browser: Browser, language: str) -> None:
    """With everything in it that makes it wide: an operator with a long name."""
    with page_at(browser, 1280, 640, language=language) as page:
        visit = Visit(page, mock, language=language, name="op-abcdefghi")
        visit.page.goto(f"{mock}/credits")
        visit.fill_login(register=True)
        expect(page.locator(".nav-link")).to_have_count(4)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 640})
            visit.until(f"innerWidth === {width}")
            assert page.evaluate(FARTHEST) <= 0, width
            named = page.locator(".nav-link span").all()
            assert all(word.is_visible() for word in named), width


def test_the_stages_of_a_finished_task_stand_below_each_other_on_the_smallest_phone(phone: Visit) -> None:
    page = phone.page
    phone.begin("a blue vase")
    expect(page.locator(".panel .step-time")).to_have_count(4)
    for step in page.locator(".panel .step").all():
        dot, name = step.locator(".step-dot").bounding_box(), step.locator(".step-name").bounding_box()
        assert dot is not None
        assert name is not None
        assert name["x"] > dot["x"] + dot["width"]
        assert abs(name["y"] + name["height"] / 2 - dot["y"] - dot["height"] / 2) < 2


@pytest.mark.parametrize("touch", [True, False])
def test_who_reads_russian_is_told_to_write_english_by_touch_too(mock: str, browser: Browser, *, touch: bool) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=touch, is_mobile=touch, locale="ru")
    context.set_default_timeout(PATIENCE)
    visit = Visit(context.new_page(), mock, language="ru")
    expect(visit.page.get_by_text("Описание пока понимается только по-английски.")).to_be_visible()
    expect(visit.page.get_by_text("Enter отправляет")).to_be_visible(visible=not touch)
    context.close()
