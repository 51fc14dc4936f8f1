"""axe-core finds nothing serious on the fullest states; `python -m tests.web.accessibility` looks at all of them."""

import pytest
from playwright.sync_api import Browser

from tests.system.browser import page_at
from tests.web.axe import look_at
from tests.web.states import STATES, settle
from tests.web.visit import Visit


@pytest.mark.timeout(180)
@pytest.mark.parametrize("state", ["make, every control", "login, refused", "task, completed", "mine", "operator"])
def test_nothing_serious_in_light_or_dark(mock: str, browser: Browser, state: str) -> None:
    with page_at(browser, 1280, 860) as page:
        visit = Visit(page, mock)
        STATES[state](visit)
        for dark in (False, True):
            page.emulate_media(color_scheme="dark" if dark else "light")
            settle(page)
            assert look_at(page).grave == (), "dark" if dark else "light"
