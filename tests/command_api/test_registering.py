"""POST /auth/register: names, passwords, what is stored of them, and the account that is opened."""

import asyncio
import uuid

import pytest

from adapters.kafka import topics
from domain.account.events import AccountOpened
from domain.identity.events import UserRegistered
from tests.command_api.world import PASSWORD, World, refused

IDENTITY = (topics.IDENTITY.name, 0)


def name() -> str:
    return f"ada-{uuid.uuid4().hex[:8]}"


async def test_a_user_with_an_open_account(here: World) -> None:
    username = name()
    body = {"username": f" {username} ", "password": PASSWORD, "name": "A\u0308da", "email": "Ada@Example.COM"}
    answer = await here.post("/auth/register/", json=body, headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert answer.status_code == 201
    told = answer.json()
    assert (told["username"], told["name"], told["email"], told["role"]) == (username, "Äda", "Ada@example.com", "user")
    assert answer.headers["lathe-position"] == f"{IDENTITY[0]}:0@{here.sizes()[IDENTITY] - 1}"
    assert answer.headers["location"] == "/auth/profile"
    assert not {"password", "password_hash", "token_version"} & told.keys()
    envelope, event = here.events(IDENTITY, str(told["id"]))[0]
    assert isinstance(event, UserRegistered)
    assert envelope.traceparent == f"00-{'a' * 32}-{'b' * 16}-01"
    assert envelope.correlation_id == answer.headers["x-request-id"]
    record = b"".join(record.value or b"" for record in here.log.partitions[IDENTITY])
    for secret in (username, "Äda", "Ada@example.com", PASSWORD):
        assert secret.encode() not in record
    accounts = (topics.ACCOUNTS.name, topics.account_partition(told["uuid"]))
    assert [type(event) for _, event in here.events(accounts, told["uuid"])] == [AccountOpened]


async def test_names_are_unique_however_they_are_written(here: World) -> None:
    username = name()
    assert (await here.post("/auth/register", json={"username": username, "password": PASSWORD})).status_code == 201
    fullwidth = "".join(chr(ord(c) + 0xFEE0) for c in username)
    with here.nothing_written():
        for same in (username, username.upper(), f"  {username}", fullwidth):
            answer = await here.post("/auth/register", json={"username": same, "password": PASSWORD})
            refused(answer, 409, "already-exists", "/username")
    assert await here.login(fullwidth.upper() + " ")


async def test_one_of_many_registrations_of_a_name_wins(here: World) -> None:
    body = {"username": name(), "password": PASSWORD}
    answers = await asyncio.gather(*(here.post("/auth/register", json=body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9


BAD = [
    ({"username": ""}, "/username"),
    ({"username": "   "}, "/username"),
    ({"username": "a" * 65}, "/username"),
    ({"username": "\u1d160" * 40}, "/username"),
    ({"username": "ada\u202eadmin"}, "/username"),
    ({"username": "ad\u200ba"}, "/username"),
    ({"username": "ad\u200da"}, "/username"),
    ({"username": "ada\x1b[2J"}, "/username"),
    ({"username": "ada\r\nbob"}, "/username"),
    ({"username": "ada\u3164"}, "/username"),
    ({"username": "\u2060\u2060"}, "/username"),
    ({"username": 7}, "/username"),
    ({"username": None}, "/username"),
    ({"name": ""}, "/name"),
    ({"name": " \u3000 "}, "/name"),
    ({"name": "Ada\u202e"}, "/name"),
    ({"name": "Ada\x07"}, "/name"),
    ({"name": "a" * 201}, "/name"),
    ({"email": "nobody"}, "/email"),
    ({"email": "a@b"}, "/email"),
    ({"email": "ada\u202e@example.com"}, "/email"),
    ({"password": "12345"}, "/password"),
    ({"password": "x" * 129}, "/password"),
    ({"password": "x" * 900_000}, "/password"),
    ({"is_admin": True}, "/is_admin"),
    ({"credits": 1e9}, "/credits"),
    ({"owner_id": 1}, "/owner_id"),
    ({"role": "admin"}, "/role"),
    ({"a/b~c": 1}, "/a~1b~0c"),
]


async def test_senseless_registrations_write_nothing(here: World) -> None:
    with here.nothing_written():
        for change, pointer in BAD:
            answer = await here.post("/auth/register", json={"username": name(), "password": PASSWORD, **change})
            told = refused(answer, 422, "invalid-input", pointer)
            assert PASSWORD not in answer.text, told
        for member in ("username", "password"):
            body = {"username": name(), "password": PASSWORD}
            del body[member]
            refused(await here.post("/auth/register", json=body), 422, "invalid-input", f"/{member}")


@pytest.mark.parametrize("member", ["username", "password", "name", "email"])
async def test_47_texts_that_cannot_be_stored(here: World, member: str) -> None:
    with here.nothing_written():
        for text in (r"x\ud800yzabc", r"x\udc00yzabc", r"x\u0000yzabc", r"\ude00\ud83dabcd"):
            body = f'{{"username":"u-{uuid.uuid4().hex}","password":"{PASSWORD}","{member}":"{text}"}}'
            if member in ("username", "password"):
                other = "password" if member == "username" else "username"
                body = f'{{"{other}":"abcdefgh","{member}":"{text}"}}'
            answer = await here.post("/auth/register", content=body, headers={"content-type": "application/json"})
            refused(answer, 400, "malformed-json", f"/{member}")


async def test_joiners_and_emoji_are_part_of_a_display_name(here: World) -> None:
    persian, family = "می\u200cخواهم", "👩\u200d👧"
    for shown in (persian, family):
        body = {"username": name(), "password": PASSWORD, "name": shown}
        answer = await here.post("/auth/register", json=body)
        assert (answer.status_code, answer.json()["name"]) == (201, shown)


async def test_a_made_up_traceparent_is_not_kept(here: World) -> None:
    for claimed in ("x" * 4000, "00-zz", f"00-{'a' * 32}-{'b' * 16}-01-more"):
        body = {"username": name(), "password": PASSWORD}
        answer = await here.post("/auth/register", json=body, headers={"traceparent": claimed})
        assert answer.status_code == 201
        assert here.events(IDENTITY, str(answer.json()["id"]))[0][0].traceparent is None


async def test_registrations_of_an_address_are_limited_unless_it_is_this_machine(here: World) -> None:
    here.parts.limits._registrations.burst = 2
    body = {"password": PASSWORD}
    for n in range(4):
        headers = {"x-forwarded-for": f"203.0.113.77, 10.9.8.{n}, 198.51.100.7"}
        answer = await here.post("/auth/register", json=body | {"username": name()}, headers=headers)
        if n < 2:
            assert answer.status_code == 201
            assert answer.headers["ratelimit-policy"].startswith('"registrations"')
        else:
            refused(answer, 429, "rate-limited")
            assert int(answer.headers["retry-after"]) >= 1
    assert (await here.post("/auth/register", json=body | {"username": name()})).status_code == 201


async def test_a_registration_whose_outcome_is_open_has_no_key_to_repeat(shaky: World) -> None:
    shaky.log.broken = True
    answer = await shaky.post("/auth/register", json={"username": name(), "password": PASSWORD})
    refused(answer, 503, "outcome-pending")
    assert "idempotency-key" not in answer.headers
    assert "Idempotency-Key" not in answer.json()["detail"]
