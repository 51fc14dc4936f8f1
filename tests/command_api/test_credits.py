"""POST /admin/accounts/{uuid}/credits."""

from typing import Any

from adapters.ids import new_id
from adapters.kafka import topics
from domain.account.commands import CloseAccount
from domain.account.events import CreditsAdjusted
from tests.command_api.world import PASSWORD, User, World, refused


async def admin(here: World) -> User:
    tokens = await here.login("admin", PASSWORD)
    user = next(user for user in here.parts.users.state.users.values() if user.role == "admin")
    return User(user.user_id, user.account_id, "admin", tokens["access_token"], tokens["refresh_token"])


async def test_an_admin_gives_and_takes(here: World) -> None:
    ann, root = await here.user(), await admin(here)
    path = f"/admin/accounts/{ann.account_id}/credits"
    answer = await here.post(path, root, json={"amount": 2.5, "reason": "a gift"})
    assert (answer.status_code, answer.json()) == (200, {"balance": 12.5, "reserved": 0})
    await here.task(ann)
    answer = await here.post(path, root, json={"amount": -11.5, "reason": "taken back"})
    assert answer.json() == {"balance": 0, "reserved": 1}
    with here.nothing_written():
        told = refused(await here.post(path, root, json={"amount": -1, "reason": "more"}), 402, "insufficient-credits")
        assert (told["balance"], told["price"]) == (0, 1)
    envelopes = [
        envelope for envelope, event in here.events(ann.stream, ann.account_id) if type(event) is CreditsAdjusted
    ]
    assert [envelope.actor for envelope in envelopes] == [f"user/{root.account_id}"] * 2


async def test_the_same_key_gives_once(here: World) -> None:
    ann, bob, root = await here.user(), await here.user("bob"), await admin(here)
    gift: dict[str, Any] = {"json": {"amount": 5, "reason": "a gift"}, "headers": {"idempotency-key": "gift"}}
    for _ in range(3):
        answer = await here.post(f"/admin/accounts/{ann.account_id}/credits", root, **gift)
        assert answer.json()["balance"] == 15
    assert len(here.of(ann, CreditsAdjusted)) == 1
    assert (await here.post(f"/admin/accounts/{bob.account_id}/credits", root, **gift)).json()["balance"] == 15
    gift["json"] = {"amount": 6, "reason": "a gift"}
    refused(await here.post(f"/admin/accounts/{ann.account_id}/credits", root, **gift), 422, "idempotency-key-reused")


async def test_what_is_refused(here: World) -> None:
    ann, root = await here.user(), await admin(here)
    path = f"/admin/accounts/{ann.account_id}/credits"
    good = {"amount": 1, "reason": "x"}
    with here.nothing_written():
        refused(await here.post(path, json=good), 401, "unauthenticated")
        refused(await here.post(path, ann, json=good), 403, "forbidden")
        for unknown in (new_id(), "nonsense", "%00"):
            refused(await here.post(f"/admin/accounts/{unknown}/credits", root, json=good), 404, "not-found")
        bad: list[tuple[dict[str, Any], str]] = [
            ({"amount": 0}, "/amount"),
            ({"amount": "many"}, "/amount"),
            ({"amount": 0.0000001}, "/amount"),
            ({"amount": "1E+1000000"}, "/amount"),
            ({"amount": 2_000_000_000}, "/amount"),
            ({"amount": 999_999_999}, "/amount"),
            ({"reason": ""}, "/reason"),
            ({"reason": "  "}, "/reason"),
            ({"reason": "x" * 501}, "/reason"),
            ({"granted": 5}, "/granted"),
        ]
        for wrong, pointer in bad:
            refused(await here.post(path, root, json=good | wrong), 422, "invalid-input", pointer)
    await here.decided(topics.ACCOUNTS, ann.partition, CloseAccount(account_id=ann.account_id))
    refused(await here.post(path, root, json=good), 409, "account-closed")
