"""The page in a real browser: register, ask, see the model, download it, find it again, change it, see what it cost."""

import re
import secrets
from pathlib import Path

import pytest
import trimesh
from playwright.sync_api import Page, expect

from tests.system.browser import page_at, running_browser
from tests.system.stack import Stack

LOADED = "model-viewer[data-loaded=true]"


def fork_and_compare(page: Page) -> None:
    """Another colour, everything else the same; then both side by side, and both in the ledger."""
    page.get_by_role("button", name="Change and make anew").click()
    page.get_by_role("textbox", name="Describe it").fill("a red mug")
    page.get_by_role("button", name="Make it", exact=False).click()
    page.get_by_role("link", name="Compare with the earlier one").click(timeout=120_000)
    expect(page.locator(LOADED)).to_have_count(2)
    expect(page.locator(".differences .different").first).to_contain_text("a blue mug")
    page.get_by_role("link", name="Credits", exact=True).click()
    expect(page.locator(".ledger tbody tr")).to_have_count(5)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("width", "height"), [(1280, 860), (360, 740)], ids=["desktop", "phone"])
def test_a_person_gets_a_model(stack: Stack, tmp_path: Path, width: int, height: int) -> None:
    complaints: list[str] = []
    with running_browser() as browser, page_at(browser, width, height) as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(stack.url)
        page.get_by_role("textbox").first.fill("a blue mug")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("User name").fill(f"person-{secrets.token_hex(4)}")
        dialog.get_by_label("Password", exact=True).fill("correct horse")
        dialog.get_by_role("button", name="Create account").click()
        page.wait_for_url("**/tasks/*")
        page.wait_for_selector(LOADED, timeout=120_000)
        with page.expect_download() as download:
            page.get_by_text("GLB").first.click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        mesh = trimesh.load(file, force="mesh")
        assert isinstance(mesh, trimesh.Trimesh)
        assert len(mesh.faces) > 1000
        page.reload()
        page.wait_for_selector(LOADED)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width > height:
            fork_and_compare(page)
    # The browser reports the 401 of a first visit, which has no session, and each 503 that is asked again.
    assert [text for text in complaints if not re.search("401|503", text)] == []
