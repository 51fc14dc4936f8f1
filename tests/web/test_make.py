"""The Make page under hands that are quick, careless or change their mind (design: web.md)."""

from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Request, expect

from tests.system.browser import PATIENCE
from tests.web.held import Held
from tests.web.states import PHOTO, settings
from tests.web.visit import Visit

pytestmark = pytest.mark.timeout(180)


def is_order(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/generate")


def orders(page: Page) -> list[dict[str, Any]]:
    """What is asked for from now on."""
    sent: list[dict[str, Any]] = []

    def heard(request: Request) -> None:
        if is_order(request):
            sent.append(request.post_data_json or {})

    page.on("request", heard)
    return sent


def back_to_make(visit: Visit) -> None:
    visit.page.wait_for_url("**/tasks/*")
    visit.page.get_by_role("link", name="Make", exact=True).click()


def test_settings_stay_with_the_engine_that_has_them(visit: Visit) -> None:
    page = visit.page
    sent = orders(page)
    page.get_by_test_id("photo").set_input_files(PHOTO)
    settings(visit)
    page.get_by_label("Relief plate").check()
    page.get_by_role("button", name="Make it").click()
    visit.fill_login(register=True)
    back_to_make(visit)
    visit.ask("a blue mug")
    back_to_make(visit)
    page.get_by_test_id("photo").set_input_files(PHOTO)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/tasks/*")
    assert [order.get("params", {}) for order in sent] == [{"mode": "plate"}, {}, {"mode": "plate"}]


def test_a_photo_in_place_of_a_fork_leaves_nothing_of_the_parent(visit: Visit) -> None:
    page = visit.page
    visit.begin("a unicorn")
    page.get_by_role("button", name="Change and make anew").click()
    expect(page.locator(".fork-note")).to_be_visible()
    drop_photo(page)
    expect(page.locator(".fork-note")).to_have_count(0)
    with page.expect_request(is_order) as sent:
        page.get_by_role("button", name="Make it").click()
    order = sent.value.post_data_json
    assert isinstance(order, dict)
    assert order["params"] == {}
    back_to_make(visit)
    with page.expect_request(is_order) as sent:
        visit.ask("a blue mug")
    order = sent.value.post_data_json
    assert isinstance(order, dict)
    assert order["params"] == {}


def drop_photo(page: Page) -> None:
    page.evaluate(
        """() => {
          const files = new DataTransfer()
          files.items.add(new File(['photo'], 'pear.png', { type: 'image/png' }))
          dispatchEvent(new DragEvent('drop', { dataTransfer: files }))
        }"""
    )


def test_words_that_a_photo_takes_the_place_of_are_kept(visit: Visit) -> None:
    page = visit.page
    sent = orders(page)
    page.get_by_label("Describe it").fill("a blue mug")
    drop_photo(page)
    expect(page.get_by_text("Your words are not used with a photo")).to_be_visible()
    page.get_by_role("button", name="Make it").click()
    visit.fill_login(register=True)
    back_to_make(visit)
    expect(page.get_by_label("Describe it")).to_have_value("a blue mug")
    assert ["prompt" in order for order in sent] == [False]


def test_typing_while_a_task_is_sent_makes_no_second_one_and_is_not_lost(visit: Visit) -> None:
    page = visit.page
    visit.begin("a unicorn")
    back_to_make(visit)
    sent = orders(page)
    page.evaluate(
        """() => {
          const { fetch } = window
          window.fetch = async (...request) => {
            if (String(request[0]) === '/generate') await new Promise((go) => addEventListener('let-go', go))
            return fetch(...request)
          }
        }"""
    )
    visit.ask("a blue mug")
    busy = page.get_by_role("button", name="Sending…")
    expect(busy).to_have_attribute("aria-disabled", "true")
    visit.ask("a red chair")
    expect(busy).to_have_attribute("aria-disabled", "true")
    page.evaluate("dispatchEvent(new Event('let-go'))")
    expect(page.get_by_role("heading", level=1)).to_have_text("a blue mug")
    assert [order["prompt"] for order in sent] == ["a blue mug"]
    back_to_make(visit)
    expect(page.get_by_label("Describe it")).to_have_value("a red chair")


def send_photo(visit: Visit) -> Held:
    """As somebody who has a task already. The photo's upload waits."""
    visit.begin("a unicorn")
    back_to_make(visit)
    held = Held(visit.page, "**/upload")
    visit.page.get_by_test_id("photo").set_input_files(PHOTO)
    visit.page.get_by_role("button", name="Make it").click()
    expect(visit.page.get_by_role("button", name="Sending the photo…")).to_be_visible()
    return held


def test_who_leaves_while_a_photo_is_sent_is_left_where_they_are(visit: Visit) -> None:
    page = visit.page
    held = send_photo(visit)
    visit.go("/credits")
    expect(page.locator(".ledger")).to_be_visible()
    held.first().continue_()
    expect(page.locator(".ledger").get_by_role("link", name="From a photo").first).to_be_visible()
    assert page.url == f"{visit.address}/credits"
    visit.go("/")
    expect(page.locator(".photo")).to_have_count(0)
    expect(page.get_by_role("link", name="From a photo")).to_be_visible()


def test_who_comes_back_while_a_photo_is_sent_sees_it_and_makes_no_second_task(visit: Visit) -> None:
    page = visit.page
    held = send_photo(visit)
    sent = orders(page)
    visit.go("/credits")
    expect(page.locator(".ledger")).to_be_visible()
    visit.go("/")
    busy = page.get_by_role("button", name="Sending the photo…")
    expect(busy).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Remove pear.png").click()
    visit.ask("a blue mug")
    expect(busy).to_have_attribute("aria-disabled", "true")
    held.first().continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("From a photo")
    assert len(sent) == 1
    back_to_make(visit)
    expect(page.get_by_label("Describe it")).to_have_value("a blue mug")


def test_what_went_wrong_in_the_meantime_is_told_to_who_comes_back(visit: Visit) -> None:
    page = visit.page
    held = send_photo(visit)
    visit.go("/credits")
    problem = {"type": "/problems/too-large", "title": "Too large", "status": 413}
    with page.expect_response("**/upload"):
        held.first().fulfill(status=413, content_type="application/problem+json", json=problem)
    visit.go("/")
    expect(page.get_by_role("alert")).to_contain_text("Too large")
    expect(page.locator(".photo")).to_have_count(1)
    expect(page.get_by_role("button", name="Make it")).to_have_attribute("aria-disabled", "false")
    visit.go("/credits")
    expect(page.locator(".ledger")).to_be_visible()
    visit.go("/")
    expect(page.locator(".photo")).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("by_enter", [True, False])
def test_a_wrong_number_in_the_folded_settings_is_told_at_its_field(visit: Visit, *, by_enter: bool) -> None:
    page = visit.page
    sent = orders(page)
    settings(visit)
    seed = page.get_by_label("Seed")
    seed.fill("-1")
    page.get_by_role("button", name="Settings").click()
    expect(seed).to_be_hidden()
    page.get_by_label("Describe it").fill("a blue mug")
    if by_enter:
        page.get_by_label("Describe it").press("Enter")
    else:
        page.get_by_role("button", name="Make it").click()
    expect(seed).to_be_focused()
    expect(seed).to_have_attribute("aria-invalid", "true")
    expect(seed).to_have_accessible_description("At least 0.")
    assert sent == []
    seed.fill("3")
    expect(page.get_by_text("At least 0.")).to_have_count(0)
    page.get_by_role("button", name="Make it").click()
    visit.fill_login(register=True)
    page.wait_for_url("**/tasks/*")
    assert [order["params"] for order in sent] == [{"seed": 3}]


def test_json_that_is_not_whole_is_not_sent(visit: Visit) -> None:
    page = visit.page
    settings(visit)
    page.get_by_label("Views: from photos of several sides").check()
    page.get_by_label("Crop (JSON)").fill('{"left": ')
    visit.ask("a blue vase")
    expect(page.get_by_label("Crop (JSON)")).to_have_accessible_description("This is not JSON yet.")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_the_server_refuses_of_the_settings_is_told_at_its_field(visit: Visit) -> None:
    page = visit.page
    visit.begin("a unicorn")
    back_to_make(visit)
    problem = {
        "type": "/problems/invalid-input",
        "title": "The request does not make sense",
        "status": 422,
        "errors": [{"pointer": "/params/seed", "detail": "Not this one."}],
    }
    page.route(
        "**/generate", lambda route: route.fulfill(status=422, content_type="application/problem+json", json=problem)
    )
    visit.ask("a blue mug")
    expect(page.get_by_label("Seed")).to_have_accessible_description("Not this one.")
    expect(page.get_by_label("Seed")).to_be_visible()


def test_the_side_of_a_photo_is_chosen_without_losing_the_place(visit: Visit) -> None:
    page = visit.page
    behind: FilePayload = {**PHOTO, "name": "behind.png"}
    expect(page.get_by_test_id("photo")).to_have_attribute("multiple", "")
    page.get_by_test_id("photo").set_input_files([PHOTO, behind])
    side = page.get_by_label("Side shown on behind.png")
    expect(side).to_have_value("left")
    side.focus()
    for turned in ("back", "right"):
        side.press("ArrowDown")
        expect(side).to_have_value(turned)
        expect(side).to_be_focused()


@pytest.mark.parametrize(("language", "width"), [("en", 360), ("ru", 360), ("ru", 320)])
def test_the_bar_fits_a_small_touch_phone(mock: str, browser: Browser, language: str, width: int) -> None:
    """With everything in it that makes it wide: a camera, changed settings, a photo under way."""
    context = browser.new_context(
        viewport={"width": width, "height": 740}, has_touch=True, is_mobile=True, locale=language
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    visit = Visit(page, mock, language=language)
    needed = "document.documentElement.scrollWidth"
    page.get_by_test_id("photo").set_input_files(PHOTO)
    settings(visit)
    page.locator(".settings .segment").nth(1).click()
    expect(page.locator(".composer-tools .count")).to_be_visible()
    assert page.evaluate(needed) == width
    page.locator(".composer button[type=submit]").click()
    page.route("**/upload", lambda _: None)
    visit.fill_login(register=True)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".composer[aria-busy=true]")).to_be_visible()
    assert page.evaluate(needed) == width
    context.close()
