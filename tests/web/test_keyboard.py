"""Everything by keyboard: from signing up to signing out without a mouse, with the focus in sight at every stop."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.keyboard import Keyboard
from tests.web.visit import LOADED, Visit

pytestmark = pytest.mark.timeout(400)


def sign_up(visit: Visit, keys: Keyboard) -> None:
    """In the dialog that a first request opens."""
    keys.comes_to(visit.page.get_by_label("User name"))
    keys.write(visit.name)
    keys.step()
    keys.write("secret1")
    keys.step()
    keys.press("Space")
    expect(visit.page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    keys.use(visit.page.get_by_role("button", name="Create account"))


def test_from_signing_up_to_signing_out(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    field, content = page.get_by_label("Describe it"), page.locator("main")
    keys.comes_to(field)
    keys.write("a comfy red vase")
    keys.press("Enter")
    sign_up(visit, keys)
    page.wait_for_url("**/tasks/*")
    keys.comes_to(content)

    # The model is turned and looked at closer.
    page.wait_for_selector(LOADED)
    viewer = page.locator("model-viewer")
    keys.go(viewer)
    orbit = "document.querySelector('model-viewer').getCameraOrbit().theta"
    before = page.evaluate(orbit)
    keys.press("ArrowRight")
    visit.until(f"{orbit} !== {before}")
    keys.use(page.get_by_role("button", name="Wireframe"), "Space")
    expect(page.get_by_role("button", name="Wireframe")).to_have_attribute("aria-pressed", "true")
    with page.expect_download() as download:
        keys.use(page.get_by_role("button", name=re.compile("GLB")))
    assert download.value.suggested_filename == "a-comfy-red-vase.glb"

    # Made anew with a held one, which is cancelled: the focus stays where the button was.
    keys.use(page.get_by_role("button", name="Change and make anew"))
    keys.comes_to(content)
    keys.go(field)
    keys.write("a held vase")
    keys.press("Enter")
    page.wait_for_url("**/tasks/*")
    keys.comes_to(content)
    keys.use(page.get_by_role("button", name="Cancel"))
    expect(page.get_by_text("You cancelled this one")).to_be_visible()
    keys.comes_to(page.locator(".actions"))

    # And anew, to be held against the first.
    keys.use(page.get_by_role("link", name="Made again from an earlier task"))
    page.wait_for_selector(LOADED)
    keys.use(page.get_by_role("button", name="Make it without them"))
    expect(page.get_by_role("heading", level=1)).to_have_text("a red vase")
    keys.use(page.get_by_role("link", name="Compare with the earlier one"))
    expect(page.locator(LOADED)).to_have_count(2)
    keys.go(page.locator("model-viewer").nth(1))
    orbits = "[...document.querySelectorAll('model-viewer')].map((viewer) => viewer.getCameraOrbit().theta)"
    first = page.evaluate(orbits)[0]
    keys.press("ArrowLeft")
    visit.until(f"{orbits}[0] !== {first}")

    # All of one's own things, then out.
    keys.use(page.get_by_role("link", name="Mine"))
    keys.comes_to(content)
    keys.go(page.get_by_role("searchbox"))
    keys.write("held")
    expect(page.locator(".task-card")).to_have_count(1)
    keys.use(page.locator(".task-card"))
    page.wait_for_url("**/tasks/*")
    keys.use(page.get_by_role("button", name="Log out"))
    keys.comes_to(page.locator(".account"))
    keys.use(page.get_by_role("banner").get_by_role("button", name="Log in"))
    keys.comes_to(page.get_by_role("dialog").get_by_label("User name"))


def test_what_opens_closes_and_gives_the_focus_back(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    field = page.get_by_label("Describe it")
    keys.comes_to(field)
    keys.write("a blue vase")
    keys.press("Enter")
    dialog = page.get_by_role("dialog")
    keys.comes_to(dialog.get_by_label("User name"))
    for _ in range(7):
        assert keys.step().place in ("input", "button", "body")
        assert keys.stand().place == "body" or dialog.evaluate("(it) => it.contains(document.activeElement)")
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    keys.comes_to(field)

    # Appearance: arrows choose, Escape closes, and so does going on.
    opener, choices = page.get_by_role("button", name="Appearance and language"), page.locator("#preferences")
    keys.use(opener)
    keys.go(page.locator("input[name=theme]:checked"))
    keys.press("ArrowRight")
    expect(page.get_by_label("Light", exact=True)).to_be_checked()
    assert keys.stand().ringed
    keys.press("Escape")
    expect(choices).to_be_hidden()
    keys.comes_to(opener)
    keys.press("Enter")
    expect(choices).to_be_visible()
    keys.go(page.get_by_role("link", name="The API behind this page"))
    keys.step()
    expect(choices).to_be_hidden()

    # Settings unfold in place, and every control in them is a stop.
    keys.use(page.get_by_role("button", name="Settings"))
    keys.go(page.locator(".engine-choice input:checked"))
    keys.go(page.get_by_role("slider").first)
    keys.press("End")
    assert keys.stand().ringed


def test_the_first_stop_leads_past_the_head_of_the_page(visit: Visit) -> None:
    keys = Keyboard(visit.page)
    keys.comes_to(visit.page.get_by_label("Describe it"))
    visit.page.evaluate("document.activeElement.blur()")
    keys.go(visit.page.get_by_role("link", name="Skip to the content"))
    keys.press("Enter")
    keys.comes_to(visit.page.locator("main"))
    keys.step()
    assert keys.is_at(visit.page.get_by_label("Describe it"))


def test_a_login_from_the_head_ends_in_the_content(visit: Visit) -> None:
    page, keys = visit.page, Keyboard(visit.page)
    keys.comes_to(page.get_by_label("Describe it"))
    keys.use(page.get_by_role("banner").get_by_role("button", name="Log in"))
    keys.comes_to(page.get_by_label("User name"))
    keys.use(page.get_by_role("button", name="No account yet"))
    keys.go(page.get_by_label("User name"), "Shift+Tab")
    sign_up(visit, keys)
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.comes_to(page.locator("main"))
