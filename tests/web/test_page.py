"""Every state of the page that a person can meet (design: web.md), in a real browser."""

import io
import re

import pytest
import trimesh
from playwright.sync_api import Route, expect

from tests.web.conftest import Visit

pytestmark = pytest.mark.timeout(120)
LOADED = "model-viewer[data-loaded=true]"
DONE = ".task-facts .status-completed"


def test_a_newcomer_gets_a_model_and_downloads_it(visit: Visit) -> None:
    page = visit.page
    visit.begin("a comfy, red wooden chair")
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.wait_for_selector(LOADED, timeout=60_000)
    expect(page.get_by_text("45 × 90 × 45 cm")).to_be_visible()
    expect(page.locator(".ignored")).to_contain_text("comfy")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("GLB")).click()
    assert download.value.suggested_filename == "a-comfy-red-wooden-chair.glb"
    model = trimesh.load(io.BytesIO(download.value.path().read_bytes()), file_type="glb", force="mesh")
    assert isinstance(model, trimesh.Trimesh)
    assert model.extents[1] == pytest.approx(0.9)
    page.get_by_role("button", name="Make it without them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("a red wooden chair")


def test_a_reload_keeps_the_session_and_the_task(visit: Visit) -> None:
    visit.begin("a blue vase")
    visit.page.wait_for_selector(LOADED, timeout=60_000)
    visit.page.reload()
    visit.page.wait_for_selector(LOADED, timeout=60_000)
    assert visit.page.locator(".timeline li").count() == 3


def test_a_lost_connection_is_told_and_resumed_without_a_gap(visit: Visit) -> None:
    page = visit.page
    visit.begin("a slow vase")
    expect(page.locator(".step-now")).to_have_text("Form")
    page.route("**/events", lambda route: route.abort())
    visit.tell_server("cut")
    expect(page.get_by_text("Connection lost. The work goes on on the server")).to_be_visible()
    page.unroute("**/events")
    page.wait_for_selector(DONE)
    said = page.locator(".timeline li").all_inner_texts()
    assert [("Accepted" in said[0], "Work began" in said[1], "Done" in said[2]), len(said)] == [(True, True, True), 3]


def test_an_ended_session_asks_for_the_login_and_goes_on(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    page.wait_for_selector(DONE)
    page.get_by_role("link", name="Make", exact=True).click()
    visit.tell_server("end-sessions")
    visit.ask("a red chair")
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    visit.log_in("Log in")
    page.wait_for_url("**/tasks/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("a red chair")


def test_offline_then_sent_at_most_once(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    page.wait_for_selector(DONE)
    page.get_by_role("link", name="Make", exact=True).click()
    # The server gets the request and makes the task, but its answer is lost each time.
    keys: list[str | None] = []

    def lose_answer(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        route.fetch()
        route.abort()

    page.route("**/generate", lose_answer)
    visit.ask("a red chair")
    expect(page.get_by_text("The server does not answer")).to_be_visible(timeout=30_000)
    page.unroute("**/generate")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url("**/tasks/*")
    page.get_by_role("link", name="Mine").click()
    expect(page.get_by_text("2 tasks")).to_be_visible()
    assert len(keys) == 5
    assert len(set(keys)) == 1
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()


def test_a_failure_says_why_and_that_it_cost_nothing(visit: Visit) -> None:
    page = visit.page
    visit.begin("a unicorn")
    expect(page.get_by_role("alert")).to_contain_text("I did not understand that")
    expect(page.get_by_role("alert")).to_contain_text("It cost you nothing: 1 credit")
    expect(page.locator(".balance")).to_contain_text("100")
    page.get_by_role("button", name="Change the words").click()
    expect(page.get_by_label("Describe it")).to_have_value("a unicorn")


def test_a_running_task_is_cancelled(visit: Visit) -> None:
    page = visit.page
    visit.begin("a slow vase")
    expect(page.locator(".step-now")).to_have_text("Form")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("You cancelled this one")).to_be_visible(timeout=20_000)


def test_a_refused_registration_stays_at_its_field(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Log in").click()
    visit.name = "a"
    visit.log_in()
    expect(visit.page.get_by_label("User name")).to_have_attribute("aria-invalid", "true")
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)


def test_a_photo_is_dropped_shown_and_sent(visit: Visit) -> None:
    page = visit.page
    page.get_by_test_id("photo").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    )
    expect(page.get_by_text("That is not a picture I can read.")).to_be_visible()
    page.get_by_test_id("photo").set_input_files({"name": "pear.png", "mimeType": "image/png", "buffer": b"\x89PNG"})
    expect(page.get_by_text("pear.png")).to_be_visible()
    expect(page.get_by_text("costs 2 credits")).to_be_visible()
    page.get_by_role("button", name="Make it").click()
    visit.log_in()
    page.wait_for_url("**/tasks/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("From a photo")


def test_nothing_is_wider_than_a_small_phone(phone: Visit) -> None:
    page = phone.page
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)
    phone.begin("a red wooden chair")
    page.wait_for_selector(DONE)
    page.locator("summary").click()
    assert not page.evaluate(wide)
    for place in ("Mine", "Credits", "Make"):
        page.get_by_role("link", name=place, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert not page.evaluate(wide), place
