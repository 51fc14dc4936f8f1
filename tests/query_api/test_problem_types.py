"""The catalogue: every type of problem is explained, in both languages, to programs and to people."""

import re

import pytest

from adapters.http.catalogue import PROBLEMS
from adapters.http.explanations import EXPLAINED
from tests.query_api.world import World

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_every_type_is_explained() -> None:
    assert EXPLAINED.keys() == PROBLEMS.keys()
    for code, told in EXPLAINED.items():
        for text in (told.means_en, told.do_en, told.means_ru, told.do_ru):
            assert len(text) > 15, code
            assert text.endswith("."), code
            assert text.count("`") % 2 == 0, code
        assert re.search("[а-я]", told.means_ru), code
        assert re.search("[а-я]", told.do_ru), code
        assert not re.search("[а-я]", told.means_en + told.do_en), code


async def test_for_programs(here: World) -> None:
    listed = (await here.get("/problems")).json()
    assert listed["total"] == len(listed["items"]) == len(PROBLEMS)
    for item in listed["items"]:
        assert (await here.get(item["type"])).json() == item
    missing = await here.get("/problems/no-such")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/not-found")
    tag = (await here.get("/problems/not-found")).headers["etag"]
    assert (await here.get("/problems/not-found", if_none_match=tag)).status_code == 304


@pytest.mark.parametrize(("language", "title"), [("en", "What to do"), ("ru", "Что делать")])
async def test_for_people(here: World, language: str, title: str) -> None:
    answer = await here.get("/problems/too-many-queued", accept=BROWSER, accept_language=language)
    assert answer.headers["content-type"].startswith("text/html")
    assert title in answer.text
    assert f'<html lang="{language}">' in answer.text
    assert (await here.get(f"/problems/too-many-queued?lang={language}", accept=BROWSER)).text == answer.text
    page = (await here.get("/problems", accept=BROWSER, accept_language=language)).text
    assert page.count("<li>") == len(PROBLEMS)


async def test_what_a_refusal_names_is_served(here: World) -> None:
    refused = await here.get("/generate", None)
    told = await here.get(refused.json()["type"])
    assert told.json()["code"] == "unauthenticated"
    assert (await here.get("/problems?lang=fr")).status_code == 422
    assert (await here.get("/problems", accept="image/png")).status_code == 406
