"""When messages are not tried any more: dead ones, webhooks that are disabled, accounts that are gone."""

import asyncio
from datetime import UTC, datetime, timedelta

from adapters.errors import DependencyDown
from adapters.kafka import topics
from domain.account.commands import CloseAccount
from domain.account.events import WebhookDisabled
from domain.personal import SealedAt
from processors.webhooks.schedule import Schedule
from tests.command_api.world import World, until
from tests.webhooks.posting import Posting, add, cancelled, of_log
from tests.webhooks.receiver import Got, Receiver


async def test_410_disables_at_once_and_a_second_webhook_is_told(
    here: World, there: Receiver, posting: Posting
) -> None:
    await posting.start()
    ann = await here.user()
    hook = await add(here, ann, there.url + "/gone", types=["task.requested"])
    await add(here, ann, there.url + "/news", types=["webhook.disabled"])
    there.answer = lambda got: 410 if got.path.endswith("/gone") else 204
    await here.task(ann)
    await there.until(lambda: any(got.path.endswith("/news") for got in there.got))
    (disabled,) = here.of(ann, WebhookDisabled)
    assert (disabled.webhook_id, disabled.reason) == (hook["webhook_id"], "gone")
    await posting.settled()
    assert sorted(await posting.states()) == ["dead", "delivered"]
    await here.task(ann)
    await posting.caught_up()
    assert sum(got.path.endswith("/gone") for got in there.got) == 1


async def test_a_failure_at_an_address_that_was_changed_meanwhile_says_nothing_about_the_new_one(
    here: World, there: Receiver, posting: Posting
) -> None:
    await posting.start(Schedule(delays_s=(3600,)))
    ann = await here.user()
    hook = await add(here, ann, there.url + "/old", types=["task.requested"])
    mended = asyncio.Event()

    async def answer(got: Got) -> int:
        if got.path.endswith("/new"):
            return 204
        await mended.wait()
        return 410

    there.answer = answer
    await here.task(ann)
    await there.until(lambda: there.got)
    change = {"url": there.url + "/new"}
    assert (await here.send("PATCH", f"/webhooks/{hook['webhook_id']}", ann, json=change)).status_code == 200
    await posting.caught_up()
    mended.set()
    await there.until(lambda: len(there.got) == 2)
    await posting.settled()
    assert await posting.states() == ["delivered"]
    assert not here.of(ann, WebhookDisabled)


async def test_long_failure_disables_and_a_redelivery_brings_what_was_missed(
    here: World, there: Receiver, posting: Posting
) -> None:
    await posting.start(Schedule(delays_s=(0.02,), disable_s=0.2))
    began = datetime.now(UTC)
    ann = await here.user()
    hook = await add(here, ann, there.url)
    there.answer = lambda got: 500
    await cancelled(here, ann, 2)
    await until(lambda: here.of(ann, WebhookDisabled), "the webhook to be disabled")
    await posting.settled()
    assert set(await posting.states()) == {"dead"}
    path = f"/webhooks/{hook['webhook_id']}"
    order = {"since": (began - timedelta(hours=1)).isoformat()}
    assert (await here.post(f"{path}/redeliveries", ann, json=order)).status_code == 409
    there.answer = lambda got: 204
    there.got.clear()
    assert (await here.send("PATCH", path, ann, json={"enabled": True})).status_code == 200
    await posting.caught_up()
    ordered = await here.post(f"{path}/redeliveries", ann, json=order)
    assert ordered.status_code == 202, ordered.text
    await there.until(lambda: len(there.got) >= 4)
    await posting.settled()
    assert [got.id for got in there.got if b'"task.' in got.body] == of_log(here, ann)


async def test_one_for_which_too_much_waits_is_disabled(here: World, there: Receiver, posting: Posting) -> None:
    await posting.start(Schedule(delays_s=(0.2,), most_waiting=3))
    ann = await here.user()
    await add(here, ann, there.url)
    there.answer = lambda got: 500
    await cancelled(here, ann, 2)
    await until(lambda: here.of(ann, WebhookDisabled), "the webhook to be disabled")
    assert here.of(ann, WebhookDisabled)[0].reason == "overflow"
    await posting.settled()
    assert await posting.states() == ["dead"] * 4


async def test_a_message_that_is_never_taken_is_dead_and_the_next_has_its_turn(
    here: World, there: Receiver, posting: Posting
) -> None:
    await posting.start(Schedule(delays_s=(0.05,), give_up_s=0.2))
    ann = await here.user()
    await add(here, ann, there.url)
    there.answer = lambda got: 400
    poison = (await cancelled(here, ann))[0]
    there.answer = lambda got: 400 if poison.encode() in got.body else 204
    await there.until(lambda: there.got)
    good = await here.task(ann)
    await there.until(lambda: good.encode() in there.got[-1].body)
    await posting.settled()
    assert await posting.states() == ["dead", "dead", "delivered"]
    rows = await posting.rows("SELECT error, http_status FROM ops.webhook_deliveries WHERE state = 'dead'")
    assert {(row["error"], row["http_status"]) for row in rows} == {("refused", 400)}


async def test_a_closed_account_gets_nothing_more_and_nothing_is_kept(
    here: World, there: Receiver, posting: Posting
) -> None:
    await posting.start(Schedule(delays_s=(3600,)))
    ann = await here.user()
    await add(here, ann, there.url)
    there.answer = lambda got: 500
    await cancelled(here, ann)
    await there.until(lambda: there.got)
    await here.decided(topics.ACCOUNTS, ann.partition, CloseAccount(account_id=ann.account_id))

    async def forgotten() -> bool:
        return not await posting.rows("SELECT FROM ops.webhooks UNION ALL SELECT FROM ops.webhook_deliveries")

    await until(forgotten, "everything to be forgotten")
    assert len(there.got) == 1


async def test_a_key_that_does_not_open_stops_nobody_elses_webhooks(
    here: World, there: Receiver, posting: Posting
) -> None:
    ann, bob = await here.user(), await here.user()
    await posting.start()
    for user in (ann, bob):
        await add(here, user, f"{there.url}/{user.account_id}", types=["task.requested"])
    await posting.caught_up()
    await posting.stop()
    for user in (ann, bob):
        await here.task(user)
    await posting.execute("UPDATE ops.account_keys SET wrapped = $2 WHERE account_id = $1", ann.account_id, bytes(60))
    here.parts.sealer.keys.forget(ann.account_id)
    await posting.start()
    await posting.caught_up()
    await posting.settled()
    assert [got.path.rpartition("/")[2] for got in there.got] == [bob.account_id]
    assert sorted(await posting.states()) == ["dead", "delivered"]


async def test_a_webhook_that_fails_unexpectedly_is_tried_again_and_stops_nobody_else(
    here: World, there: Receiver, posting: Posting
) -> None:
    ann, bob = await here.user(), await here.user()
    sealer = here.parts.sealer
    opened, failed = sealer.open, 0

    async def fails(account_id: str, sealed: SealedAt) -> str:
        nonlocal failed
        if account_id == ann.account_id and failed < 3:
            failed += 1
            raise DependencyDown("The object store does not answer.", dependency="object_store")
        return await opened(account_id, sealed)

    await posting.start()
    for user in (ann, bob):
        await add(here, user, f"{there.url}/{user.account_id}", types=["task.requested"])
    sealer.open = fails  # type: ignore[method-assign]
    for user in (ann, bob):
        await here.task(user)
    await there.until(lambda: len(there.got) == 2)
    await posting.settled()
    assert await posting.states() == ["delivered", "delivered"]
    assert failed == 3
    attempts = await posting.rows("SELECT account_id, attempts FROM ops.webhook_deliveries")
    assert {row["account_id"]: row["attempts"] for row in attempts} == {ann.account_id: 4, bob.account_id: 1}


async def test_an_erased_account_gets_nothing(here: World, there: Receiver, posting: Posting) -> None:
    """Its key is gone before anybody has read that its account is closed: the address cannot be opened."""
    ann = await here.user()
    await posting.start()
    await add(here, ann, there.url)
    await posting.caught_up()
    await here.task(ann)
    await there.until(lambda: there.got)
    await posting.settled()
    await posting.stop()
    await here.task(ann)
    await here.parts.sealer.keys.destroy(ann.account_id)
    await posting.start()
    await posting.caught_up()
    await posting.settled()
    assert len(there.got) == 1
    assert await posting.states() == ["delivered", "dead"]
