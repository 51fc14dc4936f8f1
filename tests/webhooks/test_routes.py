"""What is decided about webhooks over HTTP: refusals, secrets, repeats, and whose they are."""

import asyncio
from typing import Any, get_args

import pytest

from adapters.http.webhooks import MessageType
from adapters.postgres.webhooks import MOST_TESTS
from domain.account.events import WebhookAdded, WebhookSecretRotated
from domain.account.messages import TYPES
from tests.command_api.world import World, refused, until
from tests.webhooks.posting import Posting, add

URL = "https://93.184.216.34/hooks"


def test_the_specification_names_all_types() -> None:
    assert get_args(MessageType) == TYPES


@pytest.mark.parametrize(
    "url",
    [
        *("https://169.254.169.254/latest/meta-data", "https://[::ffff:169.254.169.254]/", "https://[::1]/"),
        *("https://10.0.0.1/", "https://[fd00:ec2::254]/", "http://93.184.216.34/", "https://0.0.0.0/"),
    ],
)
async def test_53_inward_addresses_are_refused_and_audited(here: World, posting: Posting, url: str) -> None:
    ann = await here.user()
    with here.nothing_written():
        refused(await here.post("/webhooks", ann, json={"url": url}), 422, "webhook-address-not-allowed", "/url")
    await here.parts.audit.flush()
    rows = await posting.rows(
        "SELECT detail::text FROM ops.audit WHERE kind = 'webhook-address-not-allowed' AND account_id = $1",
        ann.account_id,
    )
    assert len(rows) == 1


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"url": 7}, {"url": ""}, {"url": "https://2130706433/"}, {"url": "ftp://example.com/"}),
        *({"url": URL, "types": ["task.exploded"]}, {"url": URL, "types": "task.failed"}),
        *({"url": URL, "secret": "whsec_mine"}, {"url": URL, "owner_id": 1}, {"url": URL, "description": "x" * 201}),
    ],
)
async def test_53_senseless_webhooks_write_nothing(here: World, body: dict[str, Any]) -> None:
    ann = await here.user()
    with here.nothing_written():
        refused(await here.post("/webhooks", ann, json=body), 422, "invalid-input")


async def test_a_change_to_an_inward_address_is_refused_too(here: World) -> None:
    ann = await here.user()
    hook = await add(here, ann, URL)
    with here.nothing_written():
        answer = await here.send("PATCH", f"/webhooks/{hook['webhook_id']}", ann, json={"url": "https://[::1]/"})
        refused(answer, 422, "webhook-address-not-allowed", "/url")


async def test_texts_are_sealed_in_the_log_and_the_secret_is_told_once(here: World) -> None:
    ann = await here.user()
    hook = await add(here, ann, URL, description="my shop", types=["task.failed", "task.completed", "task.failed"])
    assert hook["secret"].startswith("whsec_")
    assert (hook["url"], hook["description"]) == (URL, "my shop")
    assert hook["types"] == ["task.completed", "task.failed"]
    for record in here.log.partitions[ann.stream]:
        for text in ("93.184", "my shop", "whsec_"):
            assert text.encode() not in (record.value or b"")
    changed = await here.send("PATCH", f"/webhooks/{hook['webhook_id']}", ann, json={"description": "", "types": []})
    assert changed.json()["description"] is None
    assert "secret" not in changed.json()


async def test_the_same_request_again_is_the_same_webhook_and_the_same_secret(here: World) -> None:
    ann = await here.user()
    key = {"idempotency-key": "one"}
    first, again = [await here.post("/webhooks", ann, json={"url": URL}, headers=key) for _ in range(2)]
    assert first.json() == again.json()
    assert len(here.of(ann, WebhookAdded)) == 1
    path = f"/webhooks/{first.json()['webhook_id']}/secret"
    rotated, repeated = [await here.post(path, ann, headers={"idempotency-key": "two"}) for _ in range(2)]
    assert rotated.json() == repeated.json()
    assert rotated.json()["secret"] != first.json()["secret"]
    assert len(here.of(ann, WebhookSecretRotated)) == 1


async def test_43_anothers_webhook_is_answered_as_a_missing_one(here: World, posting: Posting) -> None:
    ann, bob = await here.user("ann"), await here.user("bob")
    path = f"/webhooks/{(await add(here, ann, URL))['webhook_id']}"
    with here.nothing_written():
        for method, tail in (("PATCH", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/test")):
            refused(await here.send(method, path + tail, bob, json={}), 404, "not-found")
        refused(await here.post(f"{path}/redeliveries", bob, json={}), 404, "not-found")
    assert await posting.states() == []


async def test_ranges_that_make_no_sense(here: World) -> None:
    ann = await here.user()
    path = f"/webhooks/{(await add(here, ann, URL))['webhook_id']}/redeliveries"
    for order in (
        {"since": "2030-01-02T00:00:00Z", "until": "2030-01-01T00:00:00Z"},
        {"since": "9999-12-31T23:59:59-14:00"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"until": "1960-01-01T00:00:00Z"},
        {"since": "2020-01-01T00:00:00"},
        {"since": "soon"},
        {"hours": 3},
    ):
        refused(await here.post(path, ann, json=order), 422, "invalid-input")


async def test_one_redelivery_at_a_time(here: World, posting: Posting) -> None:
    ann = await here.user()
    path = f"/webhooks/{(await add(here, ann, URL))['webhook_id']}/redeliveries"
    assert (await here.post(path, ann)).status_code == 202
    refused(await here.post(path, ann), 409, "wrong-state")


async def test_a_bounded_number_of_tests_waits(here: World, posting: Posting) -> None:
    """While nobody posts; another webhook has its own."""
    ann = await here.user()
    path, other = [f"/webhooks/{(await add(here, ann, URL))['webhook_id']}/test" for _ in range(2)]
    answers = await asyncio.gather(*(here.post(path, ann) for _ in range(MOST_TESTS + 5)))
    assert sorted(answer.status_code for answer in answers) == [202] * MOST_TESTS + [429] * 5
    refusal = next(answer for answer in answers if answer.status_code == 429)
    refused(refusal, 429, "rate-limited")
    assert int(refusal.headers["retry-after"]) > 0
    assert await posting.states() == ["waiting"] * MOST_TESTS
    assert (await here.post(other, ann)).status_code == 202
    await posting.execute("UPDATE ops.webhook_deliveries SET state = 'dead' WHERE delivery_id % 2 = 0")
    assert (await here.post(path, ann)).status_code == 202


async def test_a_removed_webhook_is_forgotten(here: World, posting: Posting) -> None:
    ann = await here.user()
    await posting.start()
    path = f"/webhooks/{(await add(here, ann, URL))['webhook_id']}"
    await posting.caught_up()
    assert await posting.rows("SELECT FROM ops.webhooks")
    assert (await here.send("DELETE", path, ann)).status_code == 204

    async def forgotten() -> bool:
        return not await posting.rows("SELECT FROM ops.webhooks")

    await until(forgotten, "the webhook to be forgotten")
    refused(await here.send("DELETE", path, ann), 404, "not-found")
