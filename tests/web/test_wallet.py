"""The wallet while credits move (design: web.md)."""

import pytest
from playwright.sync_api import expect

from tests.web.visit import LOADED, Visit

pytestmark = pytest.mark.timeout(180)
FRESH = 5_000
"""Milliseconds that the page takes what it knows for new."""


def test_the_ledger_stays_while_the_balance_changes(visit: Visit) -> None:
    page = visit.page
    visit.begin("a blue vase")
    page.wait_for_selector(LOADED)
    visit.go("/credits")
    rows = page.locator(".ledger tbody tr")
    expect(rows).to_have_count(3)
    page.evaluate(
        """() => {
          window.blanks = 0
          const look = () => { if (document.querySelector('.bone')) window.blanks += 1 }
          new MutationObserver(look).observe(document.body, { childList: true, subtree: true })
        }"""
    )
    visit.tell_server("spend")
    page.wait_for_timeout(FRESH + 1_000)
    with page.expect_response("**/billing/transactions*"), page.expect_response("**/billing/balance"):
        page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".balance")).to_contain_text("0")
    expect(page.locator(".amount-main dd")).to_have_text("0")
    expect(rows).to_have_count(3)
    assert page.evaluate("window.blanks") == 0


def test_a_task_that_ends_meanwhile_is_seen_in_the_wallet(visit: Visit) -> None:
    page = visit.page
    visit.begin("a held unicorn")
    expect(page.locator(".step-now")).to_have_text("Form")
    visit.go("/credits")
    reserved, rows = page.locator(".amount dd").last, page.locator(".ledger tbody tr")
    expect(page.locator(".balance")).to_contain_text("99")
    expect(reserved).to_have_text("1")
    expect(rows).to_have_count(2)
    visit.tell_server("finish")
    expect(reserved).to_have_text("0")
    expect(page.locator(".amount-main dd")).to_have_text("100")
    expect(page.locator(".balance")).to_contain_text("100")
    expect(rows).to_have_count(3)
