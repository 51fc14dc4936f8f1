"""A finished task's page: what was understood, what it may be held against, and its viewer (design: web.md)."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.system.browser import page_at
from tests.web.held import Held
from tests.web.visit import LOADED, Visit

pytestmark = pytest.mark.timeout(180)
TABLE = {
    "object": "table",
    "family": "table",
    "count": 1,
    "finishes": {"leg": {"material": "steel"}, "accent": {"color": "#2b55c4"}},
    "parts": {"leg": 3},
    "notes": ["No number was given, so there is one.", "Something new."],
    "can_also": "1-8 legs, drawers 0-4",
}


def answer_with(page: Page, *, understood: dict[str, Any], ignored: list[str], hints: list[str]) -> None:
    """What results say from now on."""

    def put(route: Route) -> None:
        result = route.fetch().json()
        result["report"]["printability"]["hints"] = hints
        route.fulfill(json={**result, "understood": understood, "ignored": ignored})

    page.route("**/result", put)


def test_what_an_engine_says_is_russian_or_marked_as_english(mock: str, browser: Browser) -> None:
    with page_at(browser, 1280, 800, language="ru") as page:
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        visit = Visit(page, mock, language="ru")
        answer_with(page, understood=TABLE, ignored=["comfy"], hints=["Needs repair: it is not watertight.", "New."])
        visit.begin("a comfy table")
        panel = page.locator("section", has=page.get_by_role("heading", name="Что было понято"))
        expect(panel.get_by_role("term")).to_have_text(["Предмет", "Ножка", "Акцент", "Ножка"])
        expect(panel.get_by_role("definition")).to_have_text(["Стол", "сталь", "", "× 3"])
        expect(panel).to_contain_text("Число не указано, поэтому предмет один.")
        expect(panel.locator("[lang=en]")).to_have_text(["Something new.", "1-8 legs, drawers 0-4", "comfy"])
        mesh = page.locator("section", has=page.get_by_role("heading", name="Сетка"))
        expect(mesh).to_contain_text("Нужна починка: поверхность не замкнута.")
        expect(mesh.locator("[lang=en]")).to_have_text(["New."])
        expect(mesh).to_contain_text("Печатается высотой 30 см в настоящую величину.")
        page.unroute("**/result")
        relief = {"mode": "plate", "object": "the whole photo, raised by its light"}
        answer_with(page, understood=relief, ignored=["2 smaller pieces of the photo"], hints=[])
        page.reload()
        expect(page.get_by_text("Всё фото, рельеф по его яркости")).to_be_visible()
        expect(page.get_by_text("2 меньших фрагмента фото")).to_be_visible()
        assert faults == []


def test_another_language_fetches_no_file_anew_and_leaves_the_model_as_it_is(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    page.wait_for_selector(LOADED)
    page.get_by_role("button", name="Wireframe").click()
    page.evaluate(
        """() => {
          window.loads = 0
          document.querySelector('model-viewer').addEventListener('load', () => { window.loads += 1 })
        }"""
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(visit.address)))
    page.get_by_role("button", name="Appearance and language").click()
    page.get_by_label("Русский").click()
    expect(page.get_by_role("heading", name="Что было понято")).to_be_visible()
    expect(page.get_by_role("button", name="Сетка")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(1000)
    assert [url for url in asked if not url.startswith("/assets/")] in ([], ["/generate/models"])
    assert page.evaluate("window.loads") == 0


def test_a_failed_parent_is_not_offered_for_comparison(visit: Visit) -> None:
    page = visit.page
    visit.begin("a unicorn")
    page.get_by_role("button", name="Change and make anew").click()
    visit.ask("a blue vase")
    page.wait_for_selector(LOADED)
    expect(page.get_by_role("link", name="Made again from an earlier task")).to_be_visible()
    compare = page.locator(".actions").get_by_role("link")
    expect(compare).to_have_text("Compare")
    compare.click()
    expect(page.get_by_text("You need a second finished model to compare with.")).to_be_visible()


def test_the_other_side_is_chosen_by_arrows_and_going_back_leads_out(visit: Visit) -> None:
    page = visit.page
    for number, words in enumerate(("a red chair", "a green vase", "a blue vase")):
        if number == 0:
            visit.begin(words)
        else:
            page.get_by_role("link", name="Make", exact=True).click()
            visit.ask(words)
        expect(page.get_by_role("heading", level=1)).to_have_text(words)
        page.wait_for_selector(LOADED)
    task = page.url
    page.get_by_role("link", name="Compare", exact=True).click()
    against = page.get_by_label("Against")
    expect(against.get_by_role("option")).to_have_count(3)
    against.focus()
    for words in ("a green vase", "a red chair"):
        against.press("ArrowDown")
        expect(page.locator(".compare-name h2").nth(1)).to_have_text(words)
        expect(against).to_be_focused()
    expect(page.locator(LOADED)).to_have_count(2)
    other = page.locator(".compare-name a").nth(1).get_attribute("href")
    assert page.url == f"{task}/compare/{(other or '').removeprefix('/tasks/')}"
    page.reload()
    expect(page.locator(".compare-name h2")).to_have_text(["a blue vase", "a red chair"])
    page.go_back()
    assert page.url == task


def test_over_plain_http_a_task_is_made_and_its_command_line_can_be_copied(visit: Visit) -> None:
    """Away from localhost, a browser gives such a page neither `randomUUID` nor a clipboard."""
    page = visit.page
    page.add_init_script("delete Crypto.prototype.randomUUID; delete Navigator.prototype.clipboard")
    page.reload()
    visit.begin("a blue vase")
    page.wait_for_selector(LOADED)
    page.get_by_text("The same from a terminal").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Selected: now copy it")).to_be_visible()
    assert page.evaluate("String(getSelection())") == page.locator(".curl code").inner_text()


def make_dearer(page: Page) -> None:
    """Models cost two credits more from now on."""

    def put(route: Route) -> None:
        models = route.fetch().json()["items"]
        route.fulfill(json={"items": [{**model, "price": model["price"] + 2} for model in models]})

    page.route("**/generate/models", put)


@pytest.mark.parametrize(
    ("prompt", "button", "action"),
    [
        ("a comfy red chair", "Make it without them", "fork"),
        ("a blue vase", "Another like it", "fork"),
        ("a unicorn", "Try again", "retry"),
    ],
)
def test_a_task_is_made_again_for_the_price_that_is_shown(visit: Visit, prompt: str, button: str, action: str) -> None:
    page = visit.page
    visit.begin(prompt)
    again = page.get_by_role("button", name=button)
    expect(again).to_contain_text("1 credit")
    make_dearer(page)
    page.reload()
    expect(again).to_contain_text("3 credits")
    with page.expect_request(f"**/{action}") as sent:
        again.click()
    order = sent.value.post_data_json
    assert isinstance(order, dict)
    assert order["max_credits"] == 3


def test_who_is_refused_because_the_price_has_risen_sees_the_new_one(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    again = page.get_by_role("button", name="Another like it")
    expect(again).to_contain_text("1 credit")
    make_dearer(page)
    refusal = {"type": "/problems/price-changed", "title": "The price is above your limit", "status": 409}
    page.route(
        "**/fork", lambda route: route.fulfill(status=409, content_type="application/problem+json", json=refusal)
    )
    again.click()
    expect(page.get_by_role("alert")).to_contain_text("press again if you agree")
    expect(again).to_contain_text("3 credits")
    page.unroute("**/fork")
    with page.expect_request("**/fork") as sent:
        again.click()
    order = sent.value.post_data_json
    assert isinstance(order, dict)
    assert order["max_credits"] == 3
    expect(page.get_by_role("link", name="Made again from an earlier task")).to_be_visible()


def test_who_leaves_while_a_task_is_made_again_is_left_where_they_are(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    again = page.get_by_role("button", name="Another like it")
    held = Held(page, "**/fork")
    again.click()
    expect(again).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Make", exact=True).click()
    page.get_by_role("link", name="a blue vase").click()
    expect(again).to_have_attribute("aria-disabled", "true")
    visit.go("/credits")
    rows = page.locator(".ledger tbody tr")
    expect(rows).to_have_count(3)
    held.first().continue_()
    expect(rows.nth(3)).to_be_visible()
    assert page.url == f"{visit.address}/credits"
    assert len(held.routes) == 1


@pytest.mark.parametrize(
    ("language", "name", "first", "then"),
    [
        (
            "en",
            "3D model: a blue vase. Drag or use the arrow keys to turn it.",
            "Seen from the front",
            "Seen from the front, from below",
        ),
        (
            "ru",
            "3D-модель: a blue vase. Поворачивайте мышью или клавишами со стрелками.",
            "Вид спереди",
            "Вид спереди, снизу",
        ),
    ],
    ids=["en", "ru"],
)
def test_the_viewer_speaks_to_a_screen_reader_in_the_language_of_the_person(
    mock: str, browser: Browser, language: str, name: str, first: str, then: str
) -> None:
    with page_at(browser, 1280, 800, language=language) as page:
        visit = Visit(page, mock, language=language)
        visit.begin("a blue vase")
        page.wait_for_selector(LOADED)
        viewer = page.get_by_role("img", name=name, exact=True)
        viewer.focus()
        status = page.locator("model-viewer #status")
        expect(status).to_have_text(first)
        for _ in range(4):
            page.keyboard.press("ArrowUp")
        expect(status).to_have_text(then)
        expect(page.locator("model-viewer").get_by_role("region")).to_have_count(0)
