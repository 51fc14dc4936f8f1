"""What the page does when the network, the server or the session goes away under somebody's hands, and comes back."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Route, expect

from tests.web.states import HELD
from tests.web.visit import LOADED, Visit

pytestmark = pytest.mark.timeout(180)
DONE = ".task-facts .status-completed"
NO_ANSWER = "The server does not answer"
PROBLEM = "application/problem+json"
REFUSAL = {
    "type": "/problems/unsupported-media-type",
    "title": "Содержимое такого типа не принимается",
    "detail": "The content is none of PNG, JPEG and WebP.",
}


@contextmanager
def broken(visit: Visit, address: str, status: int = 500) -> Iterator[None]:
    """What is asked for at `address` meets a fault of the server."""
    visit.page.route(address, lambda route: route.fulfill(status=status, content_type="text/plain", body="a fault"))
    yield
    visit.page.unroute(address)


def test_a_part_that_the_network_withholds_costs_nothing_and_comes_with_it(visit: Visit) -> None:
    page = visit.page
    visit.name = f"op-{visit.name}"
    visit.begin("a blue vase")
    page.wait_for_selector(DONE)
    visit.go("/")
    page.locator("textarea").fill("a red chair")
    page.context.set_offline(True)
    page.get_by_role("button", name="Appearance and language").click()
    page.get_by_label("Русский").click()
    expect(page.get_by_role("alert")).to_contain_text(NO_ANSWER)
    expect(page.locator("textarea")).to_have_value("a red chair")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Что сделаем?")
    page.get_by_label("English").click()
    page.keyboard.press("Escape")
    page.context.set_offline(True)
    visit.go("/operator")
    expect(page.get_by_role("alert")).to_contain_text(NO_ANSWER)
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="How the service runs")).to_be_visible()
    visit.go("/")
    expect(page.locator("textarea")).to_have_value("a red chair")


def test_a_page_that_was_replaced_while_open_loads_itself_anew(visit: Visit) -> None:
    page = visit.page
    lost: list[str] = []

    def lose_once(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.fulfill(status=404)

    def newer_build(route: Route) -> None:
        if route.request.resource_type == "fetch":
            route.fulfill(content_type="text/html", body='<script type="module" src="/assets/index-newer.js"></script>')
        else:
            route.continue_()

    page.route("**/assets/OperatorPage*.js", lose_once)
    page.route(f"{visit.address}/", newer_build)
    visit.begin("a unicorn")
    page.evaluate("history.pushState(null, '', '/operator'); dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.get_by_role("heading", name="This is for operators")).to_be_visible()
    assert len(lost) == 1


def test_a_part_that_is_truly_missing_is_no_reason_to_load_anew(visit: Visit) -> None:
    page = visit.page
    page.route("**/assets/OperatorPage*.js", lambda route: route.fulfill(status=404))
    page.evaluate("window.here = true")
    page.evaluate("history.pushState(null, '', '/operator'); dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.get_by_role("button", name="Load anew")).to_be_visible()
    assert page.evaluate("window.here")


def test_another_who_logs_in_begins_with_a_clean_page(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    page.wait_for_selector(LOADED)
    visit.go("/")
    page.locator("textarea").fill("my secret chair")
    page.get_by_role("link", name="a blue vase").click()
    visit.tell_server("end-sessions")
    # By an event: what the page asked for just before may open the dialog first, and cover the button.
    page.get_by_role("button", name="Another like it").dispatch_event("click")
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    visit.name += "-other"
    visit.fill_login(register=True)
    expect(page.locator(".account-name")).to_have_text(visit.name)
    assert page.url == f"{visit.address}/"
    expect(page.locator("textarea")).to_have_value("")
    visit.go("/mine")
    expect(page.get_by_text("Nothing made yet")).to_be_visible()
    expect(page.locator(".balance")).to_contain_text("100")


def test_another_who_logs_in_in_another_tab_takes_over_this_one(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    page.wait_for_selector(DONE)
    visit.tell_server("end-sessions")
    other = page.context.new_page()
    other.goto(visit.address)
    other.get_by_role("button", name="Log in").click()
    name = f"{visit.name}-other"
    other.get_by_role("button", name="No account yet?").click()
    other.get_by_label("User name").fill(name)
    other.get_by_label("Password", exact=True).fill("secret1")
    other.get_by_role("button", name="Create account").click()
    for tab in (other, page):
        expect(tab.locator(".account-name")).to_have_text(name)
        assert tab.url == f"{visit.address}/"


def test_a_logout_forgets_what_was_typed(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    visit.go("/")
    page.locator("textarea").fill("my secret chair")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("textarea")).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('lathe.prompt')") == ""


def test_who_closes_the_login_is_left_in_peace_and_goes_on_later(visit: Visit) -> None:
    page = visit.page
    visit.begin(HELD)
    expect(page.locator(".step-now")).to_have_text("Form")
    visit.tell_server("end-sessions")
    visit.tell_server("cut")
    expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Log in to see your models")).to_be_visible()
    visit.go("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4000)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [url for url in asked if re.search("/auth/|/generate([?]|/.*events)", url)] == []
    expect(page.locator(".account").get_by_role("button", name="Log in")).to_be_visible()
    page.go_back()
    visit.fill_login()
    visit.tell_server("finish")
    page.wait_for_selector(DONE)
    expect(page.locator(".timeline li")).to_have_count(3)


def test_a_stream_that_the_server_refuses_by_a_fault_is_followed_again(visit: Visit) -> None:
    page = visit.page
    visit.begin("a held vase")
    expect(page.locator(".step-now")).to_have_text("Form")
    with broken(visit, "**/events"):
        visit.tell_server("cut")
        expect(page.get_by_text("Connection lost. The work goes on on the server")).to_be_visible()
        page.wait_for_timeout(1000)
    visit.tell_server("finish")
    page.wait_for_selector(DONE)


def test_a_stream_that_is_refused_for_good_says_so_and_can_be_asked_for_again(visit: Visit) -> None:
    page = visit.page
    visit.begin("a held vase")
    expect(page.locator(".step-now")).to_have_text("Form")
    with broken(visit, "**/events", 403):
        visit.tell_server("cut")
        expect(page.get_by_role("alert")).to_contain_text("Something went wrong")
    page.get_by_role("button", name="Try again").click()
    visit.tell_server("finish")
    page.wait_for_selector(DONE)
    expect(page.locator(".timeline li")).to_have_count(3)


def test_a_reload_waits_for_a_server_that_cannot_say_who_this_is(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    with broken(visit, "**/auth/refresh", 502):
        page.reload()
        expect(page.get_by_role("status").filter(has_text=NO_ANSWER)).to_be_visible()
    page.wait_for_selector(DONE)
    expect(page.locator(".account-name")).to_have_text(visit.name)
    expect(page.get_by_text(NO_ANSWER)).to_have_count(0)


def test_a_result_that_cannot_be_had_says_why_and_is_asked_for_again(visit: Visit) -> None:
    page = visit.page
    with broken(visit, "**/result"):
        visit.begin("a blue vase")
        expect(page.locator(".stage-words").get_by_role("alert")).to_be_visible()
        expect(page.get_by_text("When the model is done")).to_have_count(0)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(LOADED)


def test_a_model_whose_bytes_cannot_be_had_is_asked_for_again(visit: Visit) -> None:
    page = visit.page
    with broken(visit, "**/files/*"):
        visit.begin("a blue vase")
        expect(page.get_by_text("The model could not be shown here")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(LOADED)


def test_who_is_refused_is_told_what_to_do_in_their_language(phone: Visit) -> None:
    page = phone.page
    page.route("**/generate", lambda route: route.fulfill(status=415, json=REFUSAL, content_type=PROBLEM))
    phone.ask("a blue vase")
    phone.fill_login(register=True)
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Содержимое такого типа не принимается")
    expect(told).to_contain_text("Пришлите картинку PNG, JPEG или WebP.")
    expect(told.locator("[lang=en]")).to_have_text([REFUSAL["detail"]])


def test_an_operator_whose_profile_cannot_be_had_is_told_so(visit: Visit) -> None:
    page = visit.page
    visit.name = f"op-{visit.name}"
    visit.begin("a blue vase")
    with broken(visit, "**/auth/profile"):
        page.goto(f"{visit.address}/operator")
        expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="How the service runs")).to_be_visible()


def test_who_waits_for_a_worker_that_is_not_there_is_told_so(visit: Visit) -> None:
    page = visit.page
    said = {"progress": 0, "stage": "queued", "message": "No worker can run lathe/form at present", "queue_position": 1}
    events = f"event: progress\ndata: {json.dumps(said)}\n\n"
    page.route("**/events", lambda route: route.fulfill(content_type="text/event-stream", body=events))
    page.route(re.compile(r"/generate/[\w-]+$"), lambda route: route.fulfill(json=queued(route, said)))
    visit.begin("a blue vase")
    expect(page.locator(".strip-now")).to_contain_text("Waiting for a worker with this engine: none is there right now")


def queued(route: Route, more: dict[str, object]) -> dict[str, object]:
    document = route.fetch().json()
    assert isinstance(document, dict)
    return {**document, "status": "queued", **more}


def test_the_strip_does_not_go_back_at_a_stage_that_the_page_does_not_know(visit: Visit) -> None:
    page = visit.page
    told = [{"progress": 0.6, "stage": stage, "attempt": 1} for stage in ("texture", "polish")]
    events = "".join(f"event: progress\ndata: {json.dumps(said)}\n\n" for said in told)
    page.route("**/events", lambda route: route.fulfill(content_type="text/event-stream", body=events))
    page.route(re.compile(r"/generate/[\w-]+$"), lambda route: route.fulfill(json=queued(route, {"status": "running"})))
    visit.begin("a blue vase")
    expect(page.locator(".strip-now")).to_contain_text("Painting it")
    page.wait_for_timeout(500)
    expect(page.locator(".step-now")).to_have_text("Texture")


def test_credits_that_come_back_are_seen_from_elsewhere(visit: Visit) -> None:
    page = visit.page
    visit.begin("a held unicorn")
    visit.go("/")
    expect(page.locator(".balance")).to_contain_text("99")
    visit.tell_server("finish")
    expect(page.locator(".task-card .status-failed")).to_be_visible()
    expect(page.locator(".balance")).to_contain_text("100")


def test_a_list_that_was_asked_for_before_a_task_does_not_hide_it(visit: Visit) -> None:
    page = visit.page
    kept: list[Route] = []

    def first_is_slow(route: Route) -> None:
        if kept:
            route.continue_()
        else:
            kept.append(route)

    page.route("**/generate?*", first_is_slow)
    visit.begin("a blue vase")
    kept[0].fulfill(json={"items": [], "total": 0, "limit": 6, "offset": 0, "next": None})
    visit.go("/")
    expect(page.locator(".task-card")).to_be_visible()


def dead_letter(number: int) -> dict[str, object]:
    about = {"topic": "lathe.accounts", "partition": 3, "offset": number, "key": "0198c1a0", "role": "poison"}
    event = {"event_id": "0198c1a0-1", "event_type": "TaskCompleted", "bytes": 812, "parked_at": "2026-01-01T00:00:00Z"}
    return {"id": f"lathe.accounts:3@{number}", "why": "task 0198… is not known", **about, **event}


def test_every_dead_letter_can_be_reached_and_an_order_is_told_to_its_end(visit: Visit) -> None:
    page = visit.page
    letters = [dead_letter(number) for number in range(53)]
    orders: list[dict[str, object]] = []

    def listed(route: Route) -> None:
        query = re.search("cursor=([0-9]+)", route.request.url)
        assert "role=poison" in route.request.url
        start = 0 if query is None else int(query[1])
        following = str(start + 50) if start + 50 < len(letters) else None
        page_of = {"items": letters[start : start + 50], "total": len(letters), "limit": 50, "offset": start}
        route.fulfill(json={**page_of, "next": following})

    def one(route: Route) -> None:
        about = {"id": letters[0]["id"], "parked": True, "record": letters[0], "headers": {}, "value": {}, "behind": 2}
        route.fulfill(json={**about, "orders": orders})

    def retry(route: Route) -> None:
        order = {"order_id": 7, "action": "retry", "actor": "user", "ordered_at": "2026-01-01T00:00:00Z"}
        orders.append({**order, "done_at": None, "outcome": None, "folded": None, "left": None, "why": None})
        route.fulfill(status=202, json=orders[0])

    page.route("**/admin/dead-letters?*", listed)
    page.route("**/admin/dead-letters/*", one)
    page.route("**/admin/dead-letters/*/retry", retry)
    visit.name = f"op-{visit.name}"
    page.goto(f"{visit.address}/operator")
    visit.fill_login(register=True)
    expect(page.locator(".letter")).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".letter")).to_have_count(53)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    letter = page.locator(".letter").first
    letter.get_by_role("button", name="Retry").click()
    expect(letter.get_by_text("Ordered: the projector carries it out.")).to_be_visible()
    letter.get_by_role("button", name="Details").click()
    expect(letter.locator(".letter-details")).to_contain_text("not carried out yet")
    orders[0].update(outcome="failed", done_at="2026-01-01T00:00:01Z")
    expect(letter.locator(".letter-details")).to_contain_text("still cannot be folded")
    expect(letter.get_by_text("Ordered: the projector carries it out.")).to_have_count(0)
