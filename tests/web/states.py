"""Every page and state that a person can meet, by name, each with the way there.

Used by the check for accessibility (tests/web/accessibility.py) and for pictures of the page. All of them begin as a
newcomer on the Make page, before the mock server.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from playwright.sync_api import FilePayload, Page, Route, expect

from tests.web.visit import LOADED, Visit

PHOTO: Final[FilePayload] = {"name": "pear.png", "mimeType": "image/png", "buffer": b"\x89PNG"}
HELD: Final = "a held blue vase"


def make_page(visit: Visit) -> None:
    expect(visit.page.get_by_role("heading", level=1)).to_be_visible()


def settings(visit: Visit) -> None:
    visit.page.locator("button[aria-controls$=settings]").click()
    expect(visit.page.locator(".settings")).to_be_visible()


def every_control(visit: Visit) -> None:
    """The engine whose schema has a parameter for every control."""
    settings(visit)
    visit.page.locator(".engine-choice", has_text="mock/views").locator("input").check()
    expect(visit.page.locator(".swatches").first).to_be_visible()


def photos(visit: Visit) -> None:
    expect(visit.page.get_by_test_id("photo")).to_have_attribute("multiple", "")
    again: FilePayload = {**PHOTO, "name": "pear-left.png"}
    visit.page.get_by_test_id("photo").set_input_files([PHOTO, again])
    expect(visit.page.locator(".photo")).to_have_count(2)


def preferences(visit: Visit) -> None:
    visit.page.locator("[popovertarget=preferences]").click()
    expect(visit.page.locator("#preferences")).to_be_visible()


def login_dialog(visit: Visit) -> None:
    visit.page.locator(".account button").click()
    expect(visit.page.get_by_role("dialog")).to_be_visible()


def refused_login(visit: Visit) -> None:
    login_dialog(visit)
    visit.name = "a"
    visit.fill_login()
    expect(visit.page.locator("[aria-invalid=true]").first).to_be_visible()


def gate(visit: Visit) -> None:
    visit.go("/mine")
    expect(visit.page.locator("form.auth-form")).to_be_visible()


def missing(visit: Visit) -> None:
    visit.page.goto(f"{visit.address}/nowhere")
    expect(visit.page.get_by_role("heading", level=1)).to_be_visible()


def empty_gallery(visit: Visit) -> None:
    gate(visit)
    visit.fill_login(register=True)
    expect(visit.page.locator(".example").first).to_be_visible()


def empty_credits(visit: Visit) -> None:
    empty_gallery(visit)
    visit.go("/credits")
    expect(visit.page.locator(".ledger")).to_be_visible()


def working(visit: Visit) -> None:
    visit.begin(HELD)
    expect(visit.page.locator(".stage-growing")).to_be_visible()


def lost_connection(visit: Visit) -> None:
    working(visit)
    visit.page.route("**/events", lambda route: route.abort())
    visit.tell_server("cut")
    expect(visit.page.locator(".strip[data-lost=true]")).to_be_visible()


def offline(visit: Visit) -> None:
    visit.page.context.set_offline(True)
    expect(visit.page.locator(".offline")).to_be_visible()


def server_lost(visit: Visit) -> None:
    empty_gallery(visit)
    visit.page.route("**/auth/refresh", lambda route: route.abort())
    visit.page.reload()
    expect(visit.page.locator(".offline")).to_be_visible()


def no_answer(visit: Visit) -> None:
    empty_gallery(visit)
    visit.go("/")
    visit.page.route("**/generate", lambda route: route.abort())
    visit.ask("a red chair")
    expect(visit.page.locator(".notice-bad")).to_be_visible()


def refused_price(visit: Visit) -> None:
    def refuse(route: Route) -> None:
        title = {"en": "Not enough credits", "ru": "Недостаточно кредитов"}[visit.language]
        problem = {"type": "/problems/insufficient-credits", "title": title, "status": 402, "balance": 0.5, "price": 1}
        route.fulfill(status=402, content_type="application/problem+json", json=problem)

    empty_gallery(visit)
    visit.go("/")
    visit.page.route("**/generate", refuse)
    visit.ask("a red chair")
    expect(visit.page.locator(".notice-bad")).to_be_visible()


def completed(visit: Visit) -> None:
    visit.begin("a comfy, red wooden chair")
    visit.page.wait_for_selector(LOADED)
    visit.page.locator(".curl summary").click()


def no_result(visit: Visit) -> None:
    visit.page.route("**/result", lambda route: route.fulfill(status=500))
    visit.begin("a blue vase")
    expect(visit.page.locator(".stage-words .notice-bad")).to_be_visible()


def failed(visit: Visit) -> None:
    visit.begin("a unicorn")
    expect(visit.page.locator(".notice-bad")).to_be_visible()


def cancelled(visit: Visit) -> None:
    visit.begin(HELD)
    visit.page.locator(".actions button").click()
    expect(visit.page.locator(".status-cancelled")).to_be_visible()


def no_such_task(visit: Visit) -> None:
    empty_gallery(visit)
    visit.go("/tasks/0198c1a0-0000-7000-8000-000000000000")
    expect(visit.page.locator(".blank h1")).to_be_visible()


def forked(visit: Visit) -> None:
    completed(visit)
    visit.page.locator(".actions button").first.click()
    expect(visit.page.locator(".fork-note")).to_be_visible()


def compared(visit: Visit) -> None:
    completed(visit)
    visit.page.locator(".understood ~ .button").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("a red wooden chair")
    visit.page.wait_for_selector(LOADED)
    visit.page.locator(".actions a").click()
    expect(visit.page.locator(LOADED)).to_have_count(2)


def gallery(visit: Visit) -> None:
    visit.begin("a unicorn")
    expect(visit.page.locator(".notice-bad")).to_be_visible()
    for words in ("a blue vase", "a red chair", HELD):
        visit.go("/")
        visit.ask(words)
        visit.page.wait_for_url("**/tasks/*")
    visit.go("/mine")
    expect(visit.page.locator(".task-card")).to_have_count(4)
    expect(visit.page.locator(".task-picture img")).to_have_count(2)


def nothing_found(visit: Visit) -> None:
    failed(visit)
    visit.go("/mine")
    visit.page.get_by_role("searchbox").fill("giraffe")
    expect(visit.page.locator(".page > .lead")).to_be_visible()


def ledger(visit: Visit) -> None:
    completed(visit)
    visit.go("/credits")
    expect(visit.page.locator(".ledger tbody tr")).to_have_count(3)


def expired(visit: Visit) -> None:
    empty_gallery(visit)
    visit.tell_server("end-sessions")
    visit.go("/credits")
    expect(visit.page.get_by_role("dialog")).to_be_visible()


def operator(visit: Visit) -> None:
    visit.name = f"op-{visit.name}"
    visit.begin(HELD)
    visit.go("/operator")
    expect(visit.page.locator(".letter")).to_have_count(1)
    visit.page.locator(".letter .button").first.click()
    expect(visit.page.locator(".letter-details")).to_be_visible()


def operator_refused(visit: Visit) -> None:
    empty_gallery(visit)
    visit.go("/operator")
    expect(visit.page.get_by_role("heading", level=1)).to_be_visible()


STATES: Final[Mapping[str, Callable[[Visit], None]]] = {
    "make": make_page,
    "make, settings": settings,
    "make, every control": every_control,
    "make, photos": photos,
    "make, forked": forked,
    "make, no answer": no_answer,
    "make, refused": refused_price,
    "appearance and language": preferences,
    "login": login_dialog,
    "login, refused": refused_login,
    "session expired": expired,
    "gate": gate,
    "offline": offline,
    "server does not answer": server_lost,
    "missing page": missing,
    "task, working": working,
    "task, connection lost": lost_connection,
    "task, completed": completed,
    "task, result not there": no_result,
    "task, failed and refunded": failed,
    "task, cancelled": cancelled,
    "task, not there": no_such_task,
    "compare": compared,
    "mine": gallery,
    "mine, empty": empty_gallery,
    "mine, nothing found": nothing_found,
    "credits": ledger,
    "credits, new": empty_credits,
    "operator": operator,
    "operator, refused": operator_refused,
}


def slug(name: str) -> str:
    return re.sub(r"\W+", "-", name)


def settle(page: Page) -> None:
    """Until fonts are there, pictures are decoded, and colours have finished changing."""
    page.evaluate("document.fonts.ready")
    page.evaluate(
        """async () => {
          const coming = [...document.images].filter((image) => !image.complete)
          await Promise.all(coming.map((image) => image.decode().catch(() => null)))
          for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame)
          const ending = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < 5000)
          await Promise.all(ending.map((one) => one.finished.catch(() => null)))
        }"""
    )
