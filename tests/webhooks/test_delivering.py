"""Messages reach webhooks: signed, in order, once as their ids tell, through failures and deaths."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from standardwebhooks import WebhookVerificationError

from adapters.kafka import lost_place
from adapters.kafka.metrics import PLACE_LOST
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP
from adapters.postgres.webhooks import CURSOR
from processors.webhooks.schedule import Schedule
from tests.command_api.world import World, until
from tests.webhooks.posting import QUICK, Posting, add, cancelled, of_log
from tests.webhooks.receiver import Receiver

TASK_TYPES = ["task.requested", "task.cancelled"]


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


async def test_who_posts_no_more_tells_of_no_messages(
    here: World, there: Receiver, posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processors.webhooks.webhooks.FIGURES_S", 0.05)
    await posting.start(Schedule(delays_s=(3600,)))
    ann = await here.user()
    await add(here, ann, there.url)
    there.answer = lambda got: 500
    await here.task(ann)
    await until(lambda: REGISTRY.get_sample_value("lathe_webhook_messages_waiting") == 1, "the figure")
    await posting.stop()
    assert REGISTRY.get_sample_value("lathe_webhook_messages_waiting") == 0
    assert REGISTRY.get_sample_value("lathe_webhook_overdue_seconds") == 0


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


async def test_a_place_that_the_log_does_not_hold_is_waited_for(
    here: World, there: Receiver, posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_place, "LOOK_S", 0.02)
    lost = PLACE_LOST.labels(CURSOR)._value
    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url)
    await posting.caught_up()
    await posting.stop()
    move = "UPDATE ops.cursors SET next_offset = next_offset + $1 WHERE name = $2"
    await posting.execute(move, 1_000, CURSOR)
    await here.task(ann)
    await posting.start()
    await until(lambda: lost.get() == 1, "the place to be missed")
    assert there.got == []
    await posting.execute(move, -1_000, CURSOR)
    await there.until(lambda: there.got)
    assert there.ids == of_log(here, ann)
    assert lost.get() == 0


async def test_a_log_that_went_on_under_another_claim_does_not_hold_the_place(
    here: World, there: Receiver, posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_place, "LOOK_S", 0.02)
    lost = PLACE_LOST.labels(CURSOR)._value
    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url)
    await posting.caught_up()
    await posting.stop()
    renamed = "UPDATE ops.cursors SET nonce = reverse(nonce) WHERE name = $1"
    await posting.execute(renamed, CURSOR)
    await here.task(ann)
    await posting.start()
    await until(lambda: lost.get() == 1, "the place to be missed")
    assert there.got == []
    await posting.execute(renamed, CURSOR)
    await there.until(lambda: there.got)
    assert there.ids == of_log(here, ann)
    assert lost.get() == 0


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


def test_delays_grow_are_spread_and_give_way_to_the_other_sides_wish() -> None:
    schedule = Schedule()
    middle = [schedule.delay_s(failed, None, lambda: 0.5) for failed in range(1, 12)]
    assert middle == sorted(middle)
    assert middle[:3] == [5, 30, 120]
    assert middle[-1] == 8 * 3600
    assert (schedule.delay_s(1, None, lambda: 0), schedule.delay_s(1, None, lambda: 1)) == (4.5, 5.5)
    assert (schedule.delay_s(1, 90, lambda: 1), schedule.delay_s(9, 0, lambda: 1)) == (90, 1)
    assert QUICK.delay_s(3, None) < 0.03
