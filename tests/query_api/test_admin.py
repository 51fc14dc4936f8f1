"""What operators see, and nobody else: lag, queue, workers, dead letters."""

import asyncio

import pytest

from adapters.postgres.dead_letters import DeadLetterOrders, place_of
from adapters.postgres.engine import make_pool
from domain.account import events as e
from domain.runs.events import Engine, HeldRun, WorkerBeat
from tests.projections.handmade import START, requested, sealed, started
from tests.query_api.world import User, World

PATHS = ("/admin/lag", "/admin/queue", "/admin/workers", "/admin/dead-letters", "/admin/rebuilds",
         "/admin/dead-letters/lathe.accounts:0@2")  # fmt: skip


async def a_parked_stream(here: World) -> tuple[User, str]:
    """An event of Ann's that cannot be folded, and two behind it. The id of the first."""
    ann = await here.user()
    task = here.by_hand.new_id(ann.partition)
    gift = e.CreditsAdjusted(amount=1, reason="gift")
    offset = next_offset(here, ann)
    value = b'{"task_id":"%s","prompt":"a secret wish","kind":"generate","files":[{"name":"x.png"}]}' % task.encode()
    await here.by_hand.append(ann.account_id, requested(task, prompt=sealed("x")), value=value)
    await here.by_hand.append(ann.account_id, gift)
    await here.by_hand.append(ann.account_id, gift)
    end = len(here.by_hand.log.partitions[("lathe.accounts", ann.partition)])
    while here.parts.positions.next_offset(("lathe.accounts", ann.partition)) < end:
        await asyncio.sleep(0.01)
    return ann, f"lathe.accounts:{ann.partition}@{offset}"


def next_offset(here: World, user: User) -> int:
    """Where the user's next event will stand."""
    return len(here.by_hand.log.partitions[("lathe.accounts", user.partition)])


@pytest.mark.parametrize("path", PATHS)
async def test_only_operators_and_admins(here: World, path: str) -> None:
    assert (await here.get(path)).status_code == 401
    for role in ("user", "service"):
        answer = await here.get(path, await here.user(role, role=role))
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
        assert role in answer.json()["detail"]
    for role in ("operator", "admin"):
        answer = await here.get(path, await here.user(role, role=role))
        assert answer.status_code == (404 if "@" in path else 200), answer.text


async def test_lag_by_reader_and_partition(here: World) -> None:
    boss = await here.user("boss", role="operator")
    ann, _ = await a_parked_stream(here)
    while here.parts.live.next_offset(("lathe.accounts", ann.partition)) < next_offset(here, ann):
        await asyncio.sleep(0.01)
    told = (await here.get("/admin/lag", boss)).json()
    assert told["total"] == len(told["items"]) == 14 + 12
    mine = [row for row in told["items"] if (row["topic"], row["partition"]) == ("lathe.accounts", ann.partition)]
    assert [(row["projection"], row["behind"], row["parked"]) for row in mine] == [("read", 0, 3), ("live", 0, 0)]
    await here.stop_projecting()
    await here.by_hand.append(boss.account_id, e.CreditsAdjusted(amount=1, reason="later"))
    told = (await here.get("/admin/lag", boss)).json()
    assert sum(row["behind"] for row in told["items"] if row["projection"] == "read") == 1


async def test_the_queue_by_model_and_account(here: World) -> None:
    boss, ann = await here.user("boss", role="admin"), await here.user("ann")
    first = await here.task(ann)
    await here.task(ann)
    await here.task(boss, model="lathe/relief")
    await here.by_hand.append(ann.account_id, started(first))
    here.parts.workers.heard(START.timestamp() + 10**10, a_beat("w1"))
    for user in (ann, boss):
        end = next_offset(here, user) - 1
        await here.get(f"/generate?min_position=lathe.accounts:{user.partition}@{end}", user)
    told = (await here.get("/admin/queue", boss)).json()
    assert (told["queued"], told["running"], told["cancelling"]) == (2, 1, 0)
    models = {row["model"]: row for row in told["by_model"]}
    assert (models["lathe/form"]["queued"], models["lathe/form"]["running"], models["lathe/form"]["workers"]) == (
        1,
        1,
        1,
    )
    assert (models["lathe/relief"]["queued"], models["lathe/relief"]["workers"]) == (1, 0)
    assert told["by_account"][0]["account_id"] == ann.account_id
    assert told["by_account"][0]["oldest_queued_at"]


def a_beat(name: str) -> WorkerBeat:
    return WorkerBeat(
        worker_id=name, host="h", device="cpu", slots=2, engines=(Engine("lathe/form", "1", loaded=True),),
        running=(HeldRun("t", 1),), assignments_offset=0, started_at=START,
    )  # fmt: skip


async def test_workers_and_what_they_hold(here: World) -> None:
    boss = await here.user("boss", role="operator")
    assert (await here.get("/admin/workers", boss)).json()["items"] == []
    here.parts.workers.heard(START.timestamp() + 10**10, a_beat("w1"))
    (told,) = (await here.get("/admin/workers", boss)).json()["items"]
    assert (told["worker_id"], told["device"], told["slots"], told["draining"]) == ("w1", "cpu", 2, False)
    assert told["engines"] == [{"id": "lathe/form", "version": "1", "loaded": True}]
    assert told["running"] == [{"task_id": "t", "attempt": 1}]
    assert (await here.get("/admin/rebuilds", boss)).json()["items"] == []


async def test_dead_letters_are_listed_and_show_nothing_personal(here: World) -> None:
    boss = await here.user("boss", role="operator")
    ann, letter_id = await a_parked_stream(here)
    page = (await here.get("/admin/dead-letters?limit=2", boss)).json()
    assert (page["total"], [row["role"] for row in page["items"]]) == (3, ["poison", "behind"])
    assert page["items"][0]["id"] == letter_id
    rest = (await here.get(f"/admin/dead-letters?limit=2&cursor={page['next']}", boss)).json()
    assert [row["offset"] for row in rest["items"]] == [page["items"][0]["offset"] + 2]
    causes = (await here.get(f"/admin/dead-letters?role=poison&key={ann.account_id}&topic=lathe.accounts", boss)).json()
    assert [row["id"] for row in causes["items"]] == [letter_id]
    assert (await here.get("/admin/dead-letters?topic=lathe.catalog", boss)).json()["total"] == 0
    for wrong in ("role=all", "topic=%00", "cursor=abc", "limit=0"):
        assert (await here.get(f"/admin/dead-letters?{wrong}", boss)).status_code == 422, wrong

    answer = await here.get(f"/admin/dead-letters/{letter_id}", boss)
    told = answer.json()
    assert (told["parked"], told["behind"], told["orders"]) == (True, 2, [])
    assert told["record"]["event_type"] == told["headers"]["ce_type"] == "lathe.task.requested.v1"
    assert told["headers"]["ce_ownerepoch"] == "1"
    assert told["value"]["prompt"] == told["value"]["files"][0]["name"] == "[hidden]"
    assert "secret" not in answer.text
    later = (await here.get(f"/admin/dead-letters/{page['items'][1]['id']}", boss)).json()
    assert later["value"] == {"amount": 1, "reason": "gift"}
    for missing in ("lathe.accounts:0@99", "lathe.moon:0@1", "nonsense", "lathe.accounts:0@x"):
        assert (await here.get(f"/admin/dead-letters/{missing}", boss)).status_code == 404


async def test_a_sealed_member_is_shown_as_it_is(here: World) -> None:
    boss, ann = await here.user("boss", role="operator"), await here.user("ann")
    task, offset = here.by_hand.new_id(ann.partition), next_offset(here, ann)
    await here.by_hand.append(ann.account_id, requested(task, prompt=sealed("abc")), task_seq=7)
    while (await here.get("/admin/dead-letters", boss)).json()["total"] == 0:
        await asyncio.sleep(0.02)
    told = (await here.get(f"/admin/dead-letters/lathe.accounts:{ann.partition}@{offset}", boss)).json()
    assert told["value"]["prompt"] == {"$enc": "v1:abc"}
    assert "as event 7" in told["record"]["why"]


async def test_an_order_can_be_followed_to_its_outcome(here: World) -> None:
    boss = await here.user("boss", role="operator")
    ann, letter_id = await a_parked_stream(here)
    pool = await make_pool(here.url, size=1)
    await DeadLetterOrders(pool).place(place_of(letter_id), "skip", "user/boss")
    await pool.close()
    while True:
        told = (await here.get(f"/admin/dead-letters/{letter_id}", boss)).json()
        if told["orders"][0]["done_at"] is not None:
            break
        await asyncio.sleep(0.02)
    assert (told["parked"], told["record"], told["value"]) == (False, None, None)
    (order,) = told["orders"]
    assert (order["action"], order["outcome"], order["folded"], order["left"]) == ("skip", "skipped", 2, 0)
    assert (await here.get("/admin/dead-letters", boss)).json()["total"] == 0
    balance = (await here.get("/api/v1/billing/balance", ann)).json()["available"]
    assert balance == 100.000002
