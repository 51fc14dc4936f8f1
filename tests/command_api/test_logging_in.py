"""Logging in, refreshing, logging out, changing the password: by body and by cookie."""

import asyncio
import statistics
import time
from http.cookies import SimpleCookie

import msgspec

from adapters.errors import DependencyDown
from adapters.kafka import topics
from adapters.security.sessions import GRACE
from domain.identity.commands import ChangePassword, ChangeRole, DeleteUser, DisableUser
from tests.command_api.world import PASSWORD, World, refused

COOKIE = {"x-lathe-cookie": "1"}


async def test_login_by_json_and_by_form(here: World) -> None:
    ann = await here.user()
    right = {"username": ann.username, "password": PASSWORD}
    for answer in (
        await here.post("/auth/login", json=right),
        await here.post("/auth/login/", data=right | {"grant_type": "password", "scope": ""}),
        await here.post(
            "/auth/login",
            content=f"username={ann.username}&password=correct+horse",
            headers={"content-type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"},
        ),
    ):
        assert answer.status_code == 200
        told = answer.json()
        assert told["token_type"] == "bearer"
        assert told["expires_in"] == 900
        assert told["refresh_token"]
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        headers = {"authorization": f"bearer {told['access_token']}"}
        assert (await here.post("/generate", json={"prompt": "a mug"}, headers=headers)).status_code == 202


async def test_39_a_wrong_password_and_an_unknown_name_are_answered_alike(here: World) -> None:
    ann = await here.user()
    with here.nothing_written():
        bodies = []
        for body in (
            {"username": ann.username, "password": "wrong horse"},
            {"username": "nobody at all", "password": "wrong horse"},
            {"username": "x" * 500_000, "password": "y"},
            {"username": ann.username, "password": PASSWORD + "x" * 600_000},
            {"username": "", "password": ""},
        ):
            told = refused(await here.post("/auth/login", json=body), 401, "unauthenticated")
            bodies.append({name: value for name, value in told.items() if name != "request_id"})
        assert all(body == bodies[0] for body in bodies)


async def test_39_both_take_as_long(here: World) -> None:
    ann = await here.user()
    here.parts.limits._failed_logins.burst = 1_000.0

    async def took(username: str) -> float:
        began = time.perf_counter()
        await here.post("/auth/login", json={"username": username, "password": "wrong horse"})
        return time.perf_counter() - began

    hashed: list[str | None] = []
    real = here.parts.passwords.verify

    async def verify(password: str, known: str | None) -> object:
        hashed.append(known)
        return await real(password, known)

    here.parts.passwords.verify = verify  # type: ignore[method-assign]
    known = [await took(ann.username) for _ in range(3)]
    unknown = [await took("nobody") for _ in range(3)]
    assert [entry is None for entry in hashed] == [False] * 3 + [True] * 3
    assert statistics.median(unknown) > statistics.median(known) / 20


async def test_malformed_credentials(here: World) -> None:
    for body, pointer in (({"username": "a"}, "/password"), ({"password": "a"}, "/username"), ([], ""),
                          ({"username": "a", "password": "b", "is_admin": True}, "/is_admin")):  # fmt: skip
        refused(await here.post("/auth/login", json=body), 422, "invalid-input", pointer)
    refused(await here.post("/auth/login", data={"username": "a"}), 422, "invalid-input", "/password")
    refused(await here.post("/auth/login", content=b'{"username":"a","username":"b"}',
                            headers={"content-type": "application/json"}), 400, "malformed-json")  # fmt: skip
    text = await here.post("/auth/login", content=b"{}", headers={"content-type": "text/plain"})
    refused(text, 415, "unsupported-media-type")
    many = await here.post("/auth/login", data={f"field{n}": "x" for n in range(5_000)})
    refused(many, 400, "malformed-request")
    nul = await here.post("/auth/login", data={"username": "a\x00", "password": "b\x00"})
    refused(nul, 401, "unauthenticated")


async def test_failed_logins_are_limited_and_right_ones_are_free(here: World) -> None:
    ann = await here.user()
    wrong = {"username": ann.username, "password": "wrong horse"}
    for _ in range(10):
        refused(await here.post("/auth/login", json=wrong), 401, "unauthenticated")
    answer = await here.post("/auth/login", json=wrong | {"username": ann.username.upper()})
    refused(answer, 429, "rate-limited")
    assert int(answer.headers["retry-after"]) >= 1
    refused(await here.post("/auth/login", json=wrong | {"password": PASSWORD}), 429, "rate-limited")
    elsewhere = {"x-forwarded-for": "198.51.100.9"}
    right = await here.post("/auth/login", json=wrong | {"password": PASSWORD}, headers=elsewhere)
    assert right.status_code == 200


async def test_refresh_tokens_are_exchanged_once(here: World) -> None:
    ann = await here.user()
    both = await asyncio.gather(
        *(here.post("/auth/refresh", json={"refresh_token": ann.refresh_token}) for _ in range(2))
    )
    assert [answer.status_code for answer in both] == [200, 200]
    successor = both[0].json()["refresh_token"]
    assert both[1].json()["refresh_token"] == successor != ann.refresh_token
    assert (await here.post("/auth/refresh", json={"refresh_token": successor})).status_code == 200
    await here.parts.pool.execute("UPDATE ops.refresh_tokens SET used_at = used_at - $1::interval", 2 * GRACE)
    stolen = await here.post("/auth/refresh", json={"refresh_token": ann.refresh_token})
    assert "used before" in refused(stolen, 401, "unauthenticated")["detail"]
    refused(await here.post("/auth/refresh", json={"refresh_token": successor}), 401, "unauthenticated")
    await here.parts.audit.flush()
    kinds = await here.parts.pool.fetch(
        "SELECT kind, detail FROM ops.audit WHERE request_id = $1", stolen.headers["x-request-id"]
    )
    assert [row["kind"] for row in kinds] == ["unauthenticated"]
    assert "used before" in kinds[0]["detail"]["why"]
    assert ann.refresh_token not in str(kinds[0]["detail"])


async def test_refresh_with_what_is_no_refresh_token(here: World) -> None:
    ann = await here.user()
    for token in (ann.token, "", "x" * 43, "é" * 43, "x" * 100_000):
        refused(await here.post("/auth/refresh", json={"refresh_token": token}), 401, "unauthenticated")
    refused(await here.post("/auth/refresh"), 401, "unauthenticated")
    refused(await here.post("/auth/refresh", json={"refresh_token": 7}), 422, "invalid-input", "/refresh_token")
    as_access = {"authorization": f"Bearer {ann.refresh_token}"}
    refused(await here.post("/generate", json={"prompt": "a mug"}, headers=as_access), 401, "unauthenticated")


async def test_a_refresh_token_outlives_an_absence_of_kafka(shaky: World) -> None:
    ann = await shaky.user()
    reading = shaky.parts.users.read_to_end

    async def away(timeout_s: float = 5.0) -> object:
        raise DependencyDown("Kafka does not answer.", dependency="kafka")

    shaky.parts.users.read_to_end = away  # type: ignore[method-assign]
    refused(await shaky.post("/auth/refresh", json={"refresh_token": ann.refresh_token}), 503, "dependency-down")
    shaky.parts.users.read_to_end = reading  # type: ignore[method-assign]
    used = await shaky.parts.pool.fetchval(
        "SELECT count(*) FROM ops.refresh_tokens JOIN ops.sessions USING (session_id)"
        " WHERE account_id = $1 AND used_at IS NOT NULL", ann.account_id)  # fmt: skip
    assert used == 0
    assert (await shaky.post("/auth/refresh", json={"refresh_token": ann.refresh_token})).status_code == 200


async def test_the_page_keeps_its_refresh_token_in_a_cookie(here: World) -> None:
    ann = await here.user()
    body = {"username": ann.username, "password": PASSWORD}
    answer = await here.post("/auth/login", json=body, headers=COOKIE)
    assert "refresh_token" not in answer.json()
    cookie = SimpleCookie(answer.headers["set-cookie"])["lathe_refresh"]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"], cookie["secure"]) == ("/auth", "strict", True, "")
    secure = await here.post("/auth/login", json=body, headers=COOKIE | {"x-forwarded-proto": "https"})
    assert SimpleCookie(secure.headers["set-cookie"])["lathe_refresh"]["secure"]
    here.http.cookies.clear()

    sent = {"cookie": f"lathe_refresh={cookie.value}"}
    refused(await here.post("/auth/refresh", headers=sent), 401, "unauthenticated")  # a foreign page cannot add headers
    refreshed = await here.post("/auth/refresh", headers=sent | COOKIE)
    assert refreshed.status_code == 200
    assert "refresh_token" not in refreshed.json()
    successor = SimpleCookie(refreshed.headers["set-cookie"])["lathe_refresh"].value
    here.http.cookies.clear()
    out = await here.post("/auth/logout", headers=COOKIE | {"cookie": f"lathe_refresh={successor}"})
    assert out.status_code == 204
    gone = SimpleCookie(out.headers["set-cookie"])["lathe_refresh"]
    assert (gone.value, gone["max-age"], gone["path"]) == ("", "0", "/auth")
    here.http.cookies.clear()
    again = await here.post("/auth/refresh", headers=COOKIE | {"cookie": f"lathe_refresh={successor}"})
    refused(again, 401, "unauthenticated")


async def test_logout_ends_the_session_and_may_be_repeated(here: World) -> None:
    ann = await here.user()
    other = (await here.login(ann.username))["refresh_token"]
    for _ in range(2):
        assert (await here.post("/auth/logout", json={"refresh_token": ann.refresh_token})).status_code == 204
    refused(await here.post("/auth/refresh", json={"refresh_token": ann.refresh_token}), 401, "unauthenticated")
    assert (await here.post("/auth/refresh", json={"refresh_token": other})).status_code == 200
    refused(await here.post("/auth/logout"), 401, "unauthenticated")


async def test_a_new_password_ends_everything_before_it(here: World) -> None:
    ann = await here.user()
    body = {"old_password": PASSWORD, "new_password": "battery staple"}
    answer = await here.send("PUT", "/auth/password", ann, json=body)
    assert answer.status_code == 204
    assert answer.headers["lathe-position"].startswith("lathe.identity:0@")
    refused(await here.post("/generate", ann, json={"prompt": "a mug"}), 401, "unauthenticated")
    refused(await here.post("/auth/refresh", json={"refresh_token": ann.refresh_token}), 401, "unauthenticated")
    refused(await here.post("/auth/login", json={"username": ann.username, "password": PASSWORD}), 401,
            "unauthenticated")  # fmt: skip
    assert await here.login(ann.username, "battery staple")
    with here.nothing_written():
        refused(await here.send("PUT", "/auth/password", ann, json=body), 401, "unauthenticated")


async def test_a_password_is_not_changed_by_who_does_not_know_it(here: World) -> None:
    ann = await here.user()
    with here.nothing_written():
        for new in ("12345", "x" * 129):
            wrong = {"old_password": PASSWORD, "new_password": new}
            refused(await here.send("PUT", "/auth/password", ann, json=wrong), 422, "invalid-input", "/new_password")
        wrong = {"old_password": "guess", "new_password": "battery staple"}
        for _ in range(10):
            refused(await here.send("PUT", "/auth/password", ann, json=wrong), 401, "unauthenticated")
        refused(await here.send("PUT", "/auth/password", ann, json=wrong), 429, "rate-limited")
        refused(await here.send("PUT", "/auth/password", json=wrong), 401, "unauthenticated")
    assert await here.login(ann.username)


async def test_a_death_before_the_sessions_were_ended_leaves_none_usable(here: World) -> None:
    """The event is the truth: the rows of the sessions only follow."""
    ann = await here.user()
    user = here.parts.users.state.by_id(ann.user_id)
    assert user is not None
    sealed = await here.parts.sealer.seal(ann.account_id, "e", "password_hash", "x")
    await here.decided(topics.IDENTITY, 0, ChangePassword(user_id=ann.user_id, password_hash=sealed))
    refused(await here.post("/auth/refresh", json={"refresh_token": ann.refresh_token}), 401, "unauthenticated")


async def test_36_a_demoted_disabled_or_deleted_users_token_is_out_at_once(here: World) -> None:
    for command in (ChangeRole(user_id=0, role="operator"), DisableUser(user_id=0, reason="x"), DeleteUser(user_id=0)):
        ann = await here.user()
        assert (await here.post("/generate", ann, json={"prompt": "a mug"})).status_code == 202
        await here.decided(topics.IDENTITY, 0, msgspec.structs.replace(command, user_id=ann.user_id))
        await here.parts.users.read_to_end()
        with here.nothing_written():
            refused(await here.post("/generate", ann, json={"prompt": "a mug"}), 401, "unauthenticated")
            refused(await here.post("/auth/refresh", json={"refresh_token": ann.refresh_token}), 401, "unauthenticated")
        if not isinstance(command, ChangeRole):
            wrong = await here.post("/auth/login", json={"username": ann.username, "password": PASSWORD})
            assert refused(wrong, 401, "unauthenticated")["detail"] == "The user name or the password is wrong."
