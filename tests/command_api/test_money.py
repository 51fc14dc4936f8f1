"""What a task costs is reserved at once; what is not there cannot be spent (bad-inputs 51)."""

import asyncio
from pathlib import Path

from adapters.kafka import topics
from domain.account.commands import CloseAccount
from domain.account.events import TaskRequested
from domain.catalog.commands import RepriceModel
from tests.command_api.test_generate import finished, succeeded
from tests.command_api.world import World, refused, world


async def test_51_a_hundred_spends_of_the_last_credit(database: str, tmp_path: Path) -> None:
    settings, limits = {"sign_up_credits": 1}, {"requests_per_second": 1000}
    async with world(database, tmp_path, settings=settings, limits=limits) as here:
        ann = await here.user()
        answers = await asyncio.gather(
            *(here.post("/generate", ann, json={"prompt": f"mug number {n}"}) for n in range(100))
        )
        assert sorted(answer.status_code for answer in answers) == [202] + [402] * 99
        for answer in answers:
            if answer.status_code == 402:
                told = refused(answer, 402, "insufficient-credits")
                assert (told["balance"], told["price"]) == (0, 1)
        assert len(here.of(ann, TaskRequested)) == 1
        assert await here.wallet(ann) == (0, 1)


async def test_what_a_task_costs_is_told_and_never_more_than_the_limit(here: World) -> None:
    ann = await here.user()
    await here.decided(topics.CATALOG, 0, RepriceModel(model="lathe/form", price=2_500_000))
    await here.parts.catalog.read_to_end()
    with here.nothing_written():
        answer = await here.post("/generate", ann, json={"prompt": "a mug", "max_credits": 2.499999})
        told = refused(answer, 409, "price-changed")
        assert told["quote"] == {"model": "lathe/form", "model_version": "1.5.0", "price": 2.5}
        assert told["max_credits"] == 2.499999
    told = (await here.post("/generate", ann, json={"prompt": "a mug", "max_credits": 2.5})).json()
    assert (told["price"], told["reserved"], told["charged"]) == (2.5, 2.5, 0)
    await finished(here, ann, told["task_id"], "completed", succeeded(told["task_id"]))
    assert await here.wallet(ann) == (7.5, 0)
    for _ in range(3):
        await here.task(ann)
    with here.nothing_written():
        told = refused(await here.post("/generate", ann, json={"prompt": "a mug"}), 402, "insufficient-credits")
        assert (told["balance"], told["price"]) == (0, 2.5)


async def test_the_price_of_an_accepted_task_stays(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.decided(topics.CATALOG, 0, RepriceModel(model="lathe/form", price=5_000_000))
    await finished(here, ann, task_id, "completed", succeeded(task_id))
    assert await here.wallet(ann) == (9, 0)


async def test_the_queue_of_an_account_is_limited(database: str, tmp_path: Path) -> None:
    async with world(database, tmp_path, limits={"max_queued": 3}) as here:
        ann, bob = await here.user(), await here.user("bob")
        tasks = [await here.task(ann) for _ in range(3)]
        with here.nothing_written():
            told = refused(await here.post("/generate", ann, json={"prompt": "a mug"}), 429, "too-many-queued")
            assert (told["queued"], told["limit"]) == (3, 3)
        await here.task(bob)
        await here.post(f"/generate/{tasks[0]}/cancel", ann)
        positions = [(await here.post("/generate", ann, json={"prompt": "a mug"})).json()["queue_position"]]
        assert positions == [3]


async def test_an_account_sends_so_many_requests_a_second(database: str, tmp_path: Path) -> None:
    async with world(database, tmp_path, limits={"requests_per_second": 5}) as here:
        ann, bob = await here.user(), await here.user("bob")
        answers = await asyncio.gather(*(here.post("/generate/x/cancel", ann) for _ in range(12)))
        limited = [answer for answer in answers if answer.status_code == 429]
        assert 6 <= len(limited) <= 7
        for answer in limited:
            refused(answer, 429, "rate-limited")
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["ratelimit-policy"] == '"account";q=5;w=1'
        assert (await here.post("/generate", bob, json={"prompt": "a mug"})).status_code == 202


async def test_a_closed_account_accepts_nothing(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.decided(topics.ACCOUNTS, ann.partition, CloseAccount(account_id=ann.account_id))
    with here.nothing_written():
        refused(await here.post("/generate", ann, json={"prompt": "a mug"}), 409, "account-closed")
        refused(await here.post("/upload", ann, files={"file": ("a.txt", b"abc")}), 409, "account-closed")
    assert (await here.post(f"/generate/{task_id}/cancel", ann)).json()["status"] == "cancelled"
