"""Messages reach webhooks: signed, in order, once as their ids tell, through failures and deaths."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import WebhookVerificationError

from adapters.kafka import topics
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP
from domain.account.commands import CloseAccount
from domain.account.events import WebhookDisabled
from processors.webhooks.schedule import Schedule
from tests.command_api.world import User, World, until
from tests.webhooks.posting import QUICK, Posting, add
from tests.webhooks.receiver import Got, Receiver

TASK_TYPES = ["task.requested", "task.cancelled"]


async def cancelled(here: World, user: User, count: int = 1) -> list[str]:
    """Tasks that were requested and cancelled: two messages each."""
    ids = []
    for _ in range(count):
        ids.append(await here.task(user))
        assert (await here.post(f"/generate/{ids[-1]}/cancel", user)).status_code == 202
    return ids


def of_log(here: World, user: User) -> list[str]:
    """Ids of all task events of a user, in the order of the log."""
    return [e.id for e, _ in here.events(user.stream, user.account_id) if e.type.startswith("lathe.task.")]


async def test_messages_arrive_in_order_and_can_be_verified(here: World, there: Receiver, posting: Posting) -> None:
    await posting.start()
    ann, bob = await here.user("ann"), await here.user("bob")
    hook = await add(here, ann, there.url)
    tasks = await cancelled(here, ann, 3)
    await cancelled(here, bob)
    await there.until(lambda: len(there.got) >= 6)
    await posting.caught_up()
    await posting.settled()
    assert there.ids == of_log(here, ann)
    messages = [got.verified(hook["secret"]) for got in there.got]
    assert [m["type"] for m in messages] == TASK_TYPES * 3
    assert [m["data"]["task_id"] for m in messages] == [task for task in tasks for _ in range(2)]
    assert "red chair" not in str([got.body for got in there.got])


async def test_an_endpoint_gets_the_types_it_asked_for(here: World, there: Receiver, posting: Posting) -> None:
    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url, types=["task.cancelled"])
    await cancelled(here, ann, 2)
    await there.until(lambda: len(there.got) == 2)
    await posting.caught_up()
    await posting.settled()
    assert len(there.got) == 2


async def test_a_failure_holds_back_what_comes_after_it(here: World, there: Receiver, posting: Posting) -> None:
    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url)
    there.answer = lambda got: 500 if len(there.got) <= 3 else 204
    await cancelled(here, ann, 2)
    await there.until(lambda: len(there.got) >= 7)
    await posting.settled()
    first, *rest = of_log(here, ann)
    assert there.ids == [first] * 4 + rest
    assert len({got.headers["webhook-timestamp"] for got in there.got}) >= 1


async def test_retry_after_is_honoured(here: World, there: Receiver, posting: Posting) -> None:
    await posting.start(Schedule(delays_s=(3600,)))
    ann = await here.user()
    await add(here, ann, there.url, types=["task.requested"])
    busy = web.Response(status=503, headers={"retry-after": "1"})
    there.answer = lambda got: busy if len(there.got) == 1 else 204
    await here.task(ann)
    await there.until(lambda: len(there.got) == 2)
    assert there.got[1].at - there.got[0].at >= 0.99


async def test_a_new_secret_signs_beside_the_old_one(here: World, there: Receiver, posting: Posting) -> None:
    await posting.start()
    ann = await here.user()
    hook = await add(here, ann, there.url, types=["task.requested"])
    rotated = (await here.post(f"/webhooks/{hook['webhook_id']}/secret", ann, json={"previous_hours": 1})).json()
    await here.task(ann)
    await there.until(lambda: there.got)
    assert rotated["secret"] != hook["secret"]
    for secret in (rotated["secret"], hook["secret"]):
        assert there.got[0].verified(secret)["type"] == "task.requested"
    again = (await here.post(f"/webhooks/{hook['webhook_id']}/secret", ann, json={"previous_hours": 0})).json()
    await here.task(ann)
    await there.until(lambda: len(there.got) == 2)
    there.got[1].verified(again["secret"])
    for old in (rotated["secret"], hook["secret"]):
        with pytest.raises(WebhookVerificationError):
            there.got[1].verified(old)


async def test_a_death_at_any_moment_loses_nothing_and_doubles_nothing_that_the_id_does_not_show(
    here: World, there: Receiver, posting: Posting
) -> None:
    await posting.start()
    ann = await here.user()
    hook = await add(here, ann, there.url)
    for length in range(8):
        killed = asyncio.create_task(asyncio.sleep(0.004 * length))
        await cancelled(here, ann)
        await killed
        await posting.stop()
        await posting.start()
    await posting.caught_up()
    await posting.settled()
    wanted = of_log(here, ann)
    assert list(dict.fromkeys(there.ids)) == wanted, "the first time each came, in order"
    for got in there.got:
        got.verified(hook["secret"])
    assert len(await posting.rows("SELECT FROM ops.webhook_deliveries")) == len(wanted)


async def test_a_second_process_stands_by_and_takes_over(here: World, there: Receiver, posting: Posting) -> None:
    other = Posting(here, posting.url)
    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url)
    await cancelled(here, ann)
    await there.until(lambda: len(there.got) == 2)
    await other.start()
    await cancelled(here, ann)
    await there.until(lambda: len(there.got) == 4)
    await posting.stop()
    await cancelled(here, ann)
    await there.until(lambda: len(there.got) >= 6)
    await other.settled()
    await other.stop()
    assert list(dict.fromkeys(there.ids)) == of_log(here, ann)


async def test_64_a_lost_place_in_the_log_posts_nothing_again(here: World, there: Receiver, posting: Posting) -> None:
    """The whole log is read from 0: what stood there before is known, and not posted."""
    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url)
    await cancelled(here, ann, 2)
    await there.until(lambda: len(there.got) == 4)
    await posting.settled()
    await posting.stop()
    await posting.clean()
    await posting.start()
    await posting.caught_up()
    await posting.settled()
    assert len(there.got) == 4
    await here.task(ann)
    await there.until(lambda: len(there.got) == 5)
    assert there.ids == of_log(here, ann)


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


async def test_a_test_is_posted_once_out_of_turn(here: World, there: Receiver, posting: Posting) -> None:
    await posting.start(Schedule(delays_s=(3600,)))
    ann = await here.user()
    hook = await add(here, ann, there.url)
    there.answer = lambda got: 500
    await here.task(ann)
    await there.until(lambda: there.got)
    there.answer = lambda got: 204
    answer = await here.post(f"/webhooks/{hook['webhook_id']}/test", ann)
    assert answer.status_code == 202
    await there.until(lambda: len(there.got) == 2)
    assert there.got[1].verified(hook["secret"])["type"] == "webhook.test"
    there.answer = lambda got: 500
    await here.post(f"/webhooks/{hook['webhook_id']}/test", ann)
    await there.until(lambda: len(there.got) == 3)

    async def both_ended() -> bool:
        return sorted(await posting.states()) == ["dead", "delivered", "waiting"]

    await until(both_ended, "the tests to end")


async def test_redeliveries_take_any_time_of_the_log(here: World, there: Receiver, posting: Posting) -> None:
    """Also from before the webhook was there; and the read rule holds, wherever it begins."""
    ann = await here.user()
    await cancelled(here, ann, 2)
    await _pause_of_the_clock()
    middle = datetime.now(UTC)
    await cancelled(here, ann, 2)
    await posting.start()
    hook = await add(here, ann, there.url)
    await posting.caught_up()
    path = f"/webhooks/{hook['webhook_id']}/redeliveries"

    async def again(**order: Any) -> list[str]:
        there.got.clear()
        answer = await here.post(path, ann, json=order)
        assert answer.status_code == 202, answer.text

        async def done() -> bool:
            rows = await posting.rows(
                "SELECT state FROM ops.webhook_redeliveries WHERE redelivery_id = $1", answer.json()["redelivery_id"]
            )
            return bool(rows) and rows[0]["state"] == "done"

        await until(done, "the redelivery")
        await posting.settled()
        return there.ids

    all_of_them = of_log(here, ann)
    begin = (middle - timedelta(hours=1)).isoformat()
    assert await again(since=begin) == all_of_them
    assert await again(since=middle.isoformat()) == all_of_them[4:]
    assert await again(since=begin, until=middle.isoformat()) == all_of_them[:4]


async def test_a_redelivery_goes_on_after_a_death(here: World, there: Receiver, posting: Posting) -> None:
    ann = await here.user()
    await cancelled(here, ann, 5)
    await posting.start()
    hook = await add(here, ann, there.url)
    await posting.caught_up()
    slow: list[Got] = []

    def dies(got: Got) -> int:
        slow.append(got)
        return 204

    there.answer = dies
    order = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    assert (await here.post(f"/webhooks/{hook['webhook_id']}/redeliveries", ann, json=order)).status_code == 202
    for _ in range(4):
        await posting.stop()
        await posting.start()
        await asyncio.sleep(0.05)

    async def done() -> bool:
        rows = await posting.rows("SELECT state FROM ops.webhook_redeliveries")
        return [row["state"] for row in rows] == ["done"]

    await until(done, "the redelivery")
    await posting.settled()
    assert list(dict.fromkeys(there.ids)) == of_log(here, ann)


async def test_a_mistake_ends_no_process(
    here: World, there: Receiver, posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, failed = here.parts.sealer.open, asyncio.Event()

    async def mistaken(*arguments: Any) -> str:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a mistake somewhere")
        return await opened(*arguments)

    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url)
    monkeypatch.setattr(here.parts.sealer, "open", mistaken)
    await here.task(ann)
    await there.until(lambda: there.got)
    await posting.settled()
    assert failed.is_set()
    assert there.ids == of_log(here, ann)


async def test_void_records_make_no_messages(here: World, there: Receiver, posting: Posting) -> None:
    """A superseded owner's record, or a forger's: the same bytes again, without a valid place."""
    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url)
    await here.task(ann)
    await there.until(lambda: there.got)
    tp: TP = ann.stream
    forged = here.log.partitions[tp][-1]
    await here.log.put(tp, [NewRecord(forged.key or b"", forged.value or b"", list(forged.headers), forged.timestamp)])
    await posting.caught_up()
    await posting.settled()
    assert len(there.got) == 1


async def _pause_of_the_clock() -> None:
    """Events are of whole milliseconds: let one pass."""
    now = datetime.now(UTC)
    while datetime.now(UTC) - now < timedelta(milliseconds=2):
        await asyncio.sleep(0)


def test_delays_grow_are_spread_and_give_way_to_the_other_sides_wish() -> None:
    schedule = Schedule()
    middle = [schedule.delay_s(failed, None, lambda: 0.5) for failed in range(1, 12)]
    assert middle == sorted(middle)
    assert middle[:3] == [5, 30, 120]
    assert middle[-1] == 8 * 3600
    assert (schedule.delay_s(1, None, lambda: 0), schedule.delay_s(1, None, lambda: 1)) == (4.5, 5.5)
    assert (schedule.delay_s(1, 90, lambda: 1), schedule.delay_s(9, 0, lambda: 1)) == (90, 1)
    assert QUICK.delay_s(3, None) < 0.03
