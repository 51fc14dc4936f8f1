"""Who may listen to a stream, and in which form the life of a task is told."""

import httpx
import pytest

from adapters.http.callers import RequireRole
from adapters.kafka.topics import IDENTITY
from adapters.security.authenticator import Caller
from domain.account.events import CreditsAdjusted
from domain.errors import Forbidden
from domain.identity import events as i
from query_api.negotiation import NotAcceptable, preferred
from tests.projections.handmade import completed, started
from tests.query_api.world import User, World

STREAM = "text/event-stream"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


async def a_ticket(here: World, user: User) -> str:
    caller = Caller(user.account_id, user.user_id, "user", "session", token_version=1)
    return (await here.parts.tickets.issue(caller)).ticket


async def an_ended_task(here: World) -> tuple[User, str]:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.by_hand.append(ann.account_id, started(task_id))
    await here.by_hand.append(ann.account_id, completed(task_id, here.by_hand.new_id()))
    return ann, f"/generate/{task_id}/events"


async def test_a_ticket_opens_one_stream(here: World) -> None:
    ann, path = await an_ended_task(here)
    ticket = await a_ticket(here, ann)
    first = await here.get(f"{path}?ticket={ticket}", accept=STREAM)
    assert (first.status_code, first.text.count("event: task")) == (200, 3)
    again = await here.get(f"{path}?ticket={ticket}", accept=STREAM)
    assert (again.status_code, again.json()["type"]) == (401, "/problems/unauthenticated")
    # A new connection of a browser takes up where the last one ended.
    later = await here.get(f"{path}?ticket={await a_ticket(here, ann)}&after=2", accept=STREAM)
    assert later.text.count("event: task") == 1


async def test_a_ticket_is_no_more_than_its_user(here: World) -> None:
    ann, path = await an_ended_task(here)
    bob = await here.user("bob")
    other = await here.get(f"{path}?ticket={await a_ticket(here, bob)}", accept=STREAM)
    assert other.status_code == 404
    ticket = await a_ticket(here, ann)
    await here.by_hand.append(str(ann.user_id), i.UserDeleted(), IDENTITY)
    await here.parts.users.read_to_end()
    gone = await here.get(f"{path}?ticket={ticket}", accept=STREAM)
    assert gone.status_code == 401
    for path in ("/auth/profile", "/generate", "/files/x"):
        assert (await here.get(f"{path}?ticket={await a_ticket(here, bob)}")).status_code == 401


@pytest.mark.parametrize("name", ["access_token", "token", "jwt"])
async def test_41_a_token_in_a_url_is_refused(here: World, name: str) -> None:
    ann, path = await an_ended_task(here)
    for where in (path, "/auth/profile", "/generate"):
        for headers in ({}, ann.headers):
            answer = await here.http.get(f"{where}?{name}={ann.token}", headers=headers)
            assert (answer.status_code, answer.json()["type"]) == (400, "/problems/token-in-url")
            assert ann.token not in answer.text
            assert "ticket" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        ("*/*", STREAM),
        (STREAM, STREAM),
        ("application/json", "application/json"),
        ("application/json;q=0.5, text/event-stream;q=0.4", "application/json"),
        ("text/*", STREAM),
        (BROWSER, "application/json"),
        (f"{STREAM}, {BROWSER}", STREAM),
    ],
)
async def test_the_form_that_is_asked_for(here: World, accept: str, told: str) -> None:
    ann, path = await an_ended_task(here)
    answer = await here.get(path, ann, accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(told)
    assert "accept" in answer.headers["vary"].lower()


async def test_a_form_that_is_not_there(here: World) -> None:
    ann, path = await an_ended_task(here)
    answer = await here.get(path, ann, accept="application/pdf")
    assert (answer.status_code, answer.json()["type"]) == (406, "/problems/not-acceptable")


def test_what_a_client_prefers() -> None:
    offered = ("application/json", "text/html")
    assert preferred("", offered) == "application/json"
    assert preferred("text/html;q=0.9, */*;q=0.1", offered) == "text/html"
    assert preferred("text/html;q=x, application/*", offered) == "application/json"
    assert preferred("TEXT/HTML", offered) == "text/html"
    for accept in ("text/html;q=0, application/json;q=0", "image/png", "application/json;q=nan, text/html;q=-3"):
        with pytest.raises(NotAcceptable):
            preferred(accept, offered)


async def test_head_wherever_get_is(here: World) -> None:
    ann, path = await an_ended_task(here)
    task = path.removesuffix("/events")
    for where in (path, task, f"{task}/result", "/generate", "/auth/profile", "/generate/models", "/healthz", "/docs",
                  "/api/v1/billing/balance", "/openapi.json"):  # fmt: skip
        whole: httpx.Response = await here.get(where, ann)
        head = await here.http.head(where, headers=ann.headers)
        assert (head.status_code, head.content) == (whole.status_code, b""), where
        assert head.headers["content-type"] == whole.headers["content-type"], where
        assert head.headers.get("etag") == whole.headers.get("etag"), where


async def test_a_stream_of_a_running_task_answers_head_at_once(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    head = await here.http.head(f"/generate/{task_id}/events", headers=ann.headers)
    assert (head.status_code, head.headers["content-type"]) == (200, f"{STREAM}; charset=utf-8")
    await here.by_hand.append(ann.account_id, CreditsAdjusted(amount=1, reason="after"))


async def test_roles_that_are_needed_are_named() -> None:
    with pytest.raises(Forbidden, match="operator or admin"):
        await RequireRole("operator", "admin")(Caller("a", 1, "user", "s"))
