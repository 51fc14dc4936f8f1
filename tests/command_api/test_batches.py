"""POST /generate/batch: all or nothing, one event, and every item a task like any other."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka import topics
from domain.account.commands import DescribeBatch
from domain.account.events import BatchRequested, TaskCancelled, TaskCompleted, TaskRequested
from tests.command_api.pictures import picture
from tests.command_api.test_generate import finished, succeeded
from tests.command_api.world import SERVICE_TOKEN, World, refused, world

SERVICE = {"authorization": f"Bearer {SERVICE_TOKEN}"}
LONGEST = 60 * 1024


def prompts(count: int, text: str = "a mug") -> dict[str, Any]:
    return {"items": [{"prompt": f"{text} {n}", "params": {"seed": n}} for n in range(count)]}


async def order(here: World, account_id: str, task_id: str) -> dict[str, Any]:
    """What a worker is told of the first attempt."""
    answer = await here.http.get(f"/internal/runs/{task_id}/1", params={"account_id": account_id}, headers=SERVICE)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_batch_is_one_event_and_its_items_are_tasks(here: World) -> None:
    ann = await here.user()
    answer = await here.post("/generate/batch", ann, json=prompts(3))
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told["reserved"] == 3
    assert [item["queue_position"] for item in told["items"]] == [1, 2, 3]
    assert all(item["status"] == "queued" and item["eta_s"] > 0 and item["reserved"] == 1 for item in told["items"])
    assert answer.headers["lathe-position"] == f"lathe.accounts:{ann.partition}@{here.sizes()[ann.stream] - 1}"
    (event,) = here.of(ann, BatchRequested)
    assert here.of(ann, TaskRequested) == []
    assert (event.batch_id, event.reserved) == (told["batch_id"], 3_000_000)
    assert await here.wallet(ann) == (7, 3)
    first, second, third = (item["task_id"] for item in told["items"])
    assert (await order(here, ann.account_id, second))["prompt"] == "a mug 1"
    await finished(here, ann, first, "completed", succeeded(first))
    assert (await here.post(f"/generate/{second}/cancel", ann)).json()["status"] == "cancelled"
    assert await here.wallet(ann) == (8, 1)
    assert [type(event) for event in here.of(ann, TaskCompleted) + here.of(ann, TaskCancelled)] == [
        TaskCompleted, TaskCancelled,
    ]  # fmt: skip
    again = (await here.post(f"/generate/{second}/retry", ann)).json()
    assert (again["parent"], again["seed"]) == (second, 1)
    assert (await order(here, ann.account_id, again["task_id"]))["prompt"] == "a mug 1"
    fork = (await here.post(f"/generate/{first}/fork", ann, json={"params": {"seed": 9}})).json()
    assert (fork["parent"], fork["seed"]) == (first, 9)
    assert (await order(here, ann.account_id, fork["task_id"]))["prompt"] == "a mug 0"
    assert await here.status(ann, third) == "queued"


async def test_a_hundred_long_prompts_fit_because_they_are_kept_elsewhere(database: str, tmp_path: Path) -> None:
    async with world(database, tmp_path, settings={"sign_up_credits": 100}) as here:
        ann = await here.user()
        text = "ein sehr langer Satz über Öfen — " * 55
        body = {"items": [{"prompt": f"{n} {text}"} for n in range(100)]}
        answer = await here.post("/generate/batch", ann, json=body)
        assert answer.status_code == 202, answer.text
        (event,) = here.of(ann, BatchRequested)
        record = here.log.partitions[ann.stream][-1]
        assert len(record.value or b"") < LONGEST
        assert [item.prompt for item in event.items] == [None] * 100
        keys = await here.parts.store.keys("")
        assert keys == [f"acct/{ann.account_id}/{event.prompts_sha256}"]
        assert b"langer" not in await here.parts.store.get(keys[0], 4 << 20)
        task_id = answer.json()["items"][77]["task_id"]
        assert (await order(here, ann.account_id, task_id))["prompt"] == f"77 {text}"
        await here.post(f"/generate/{task_id}/cancel", ann)
        refused(await here.post(f"/generate/{task_id}/retry", ann), 429, "too-many-queued")
        await here.parts.store.delete(keys[0])
        here.parts.sealer.objects._known.clear()
        with here.nothing_written():
            refused(await here.post(f"/generate/{task_id}/fork", ann), 410, "erased")


BAD: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({}, 422, "invalid-input", "/items"),
    ({"items": []}, 422, "invalid-input", "/items"),
    ({"items": [{"prompt": "a mug"}] * 101}, 422, "invalid-input", "/items"),
    ({"items": [{"prompt": "a mug"}, {}]}, 422, "invalid-input", "/items/1/prompt"),
    ({"items": [{"prompt": "a mug"}, {"prompt": " "}]}, 422, "invalid-input", "/items/1/prompt"),
    ({"items": [{"prompt": "a mug"}, {"prompt": "a mug", "cost": 0}]}, 422, "invalid-input", "/items/1/cost"),
    ({"items": [{"prompt": "a mug", "params": {"x": 1}}]}, 422, "invalid-input", "/items/0/params/x"),
    ({"items": [{"prompt": "a mug", "model": "none"}]}, 422, "invalid-input", "/items/0/model"),
    ({"items": [{"prompt": "a mug"}, {"image_file_id": "x"}]}, 422, "invalid-input", "/items/1/image_file_id"),
    (
        {"items": [{"prompt": "a mug", "deadline": "2001-01-01T00:00:00Z"}]},
        422, "invalid-input", "/items/0/deadline",
    ),
    ({"items": [{"prompt": "a mug"}], "max_credits": -1}, 422, "invalid-input", "/max_credits"),
    ({"items": [{"prompt": "a mug"}] * 2, "max_credits": 1.5}, 409, "price-changed", None),
    ({"items": [{"prompt": "a mug"}] * 11}, 402, "insufficient-credits", None),
]  # fmt: skip


async def test_all_or_nothing(here: World) -> None:
    ann = await here.user()
    with here.nothing_written():
        for body, status, code, pointer in BAD:
            refused(await here.post("/generate/batch", ann, json=body), status, code, pointer)
        refused(await here.post("/generate/batch", json=prompts(1)), 401, "unauthenticated")
    assert await here.wallet(ann) == (10, 0)
    assert await here.parts.store.keys("") == []


async def test_the_same_batch_again_is_the_same_tasks(here: World) -> None:
    ann = await here.user()
    key = {"idempotency-key": "batch-1"}
    first = (await here.post("/generate/batch", ann, json=prompts(2), headers=key)).json()
    await here.post(f"/generate/{first['items'][0]['task_id']}/cancel", ann)
    again = (await here.post("/generate/batch", ann, json=prompts(2), headers=key)).json()
    assert again["batch_id"] == first["batch_id"]
    assert [item["task_id"] for item in again["items"]] == [item["task_id"] for item in first["items"]]
    assert [item["status"] for item in again["items"]] == ["cancelled", "queued"]
    other = await here.post("/generate/batch", ann, json=prompts(3), headers=key)
    refused(other, 422, "idempotency-key-reused")
    answers = await asyncio.gather(
        *(here.post("/generate/batch", ann, json=prompts(3), headers={"idempotency-key": "batch-2"}) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len(here.of(ann, BatchRequested)) == 2
    assert await here.wallet(ann) == (6, 4)


async def test_images_in_a_batch(here: World) -> None:
    ann = await here.user()
    upload = await here.post("/upload", ann, files={"file": ("chair.png", picture(), "image/png")})
    photo = upload.json()["file_id"]
    body = {"items": [{"image_file_id": photo}, {"prompt": "a mug"}, {"image_file_id": photo}]}
    told = (await here.post("/generate/batch", ann, json=body)).json()
    (event,) = here.of(ann, BatchRequested)
    assert [item.model for item in event.items] == ["lathe/relief", "lathe/form", "lathe/relief"]
    assert len(event.files) == 1
    question = DescribeBatch(account_id=ann.account_id, batch_id=told["batch_id"])
    assert len((await here.decided(topics.ACCOUNTS, ann.partition, question))["items"]) == 3


@pytest.mark.parametrize("wait", [True, False])
async def test_waiting_for_a_whole_batch(here: World, wait: bool) -> None:
    ann = await here.user()
    asked = asyncio.create_task(
        here.post("/generate/batch", ann, json=prompts(2), headers={"prefer": "wait=30" if wait else "wait=0"})
    )
    while not (batches := here.of(ann, BatchRequested)):
        await asyncio.sleep(0.01)
    first, second = (item.task_id for item in batches[0].items)
    await finished(here, ann, first, "completed", succeeded(first))
    assert asked.done() is not wait or (await asyncio.wait([asked], timeout=20))
    await finished(here, ann, second, "completed", succeeded(second))
    answer = await asked
    assert answer.status_code == (200 if wait else 202)
    if wait:
        assert answer.headers["preference-applied"] == "wait=30"
        assert [item["status"] for item in answer.json()["items"]] == ["completed", "completed"]


async def test_a_repeat_stores_no_prompts_again(database: str, tmp_path: Path) -> None:
    async with world(database, tmp_path, settings={"sign_up_credits": 100}) as here:
        ann, key = await here.user(), {"idempotency-key": "long"}
        body = {"items": [{"prompt": f"{n} " + "a very long wish " * 100} for n in range(20)]}
        first = (await here.post("/generate/batch", ann, json=body, headers=key)).json()
        for _ in range(3):
            again = (await here.post("/generate/batch", ann, json=body, headers=key)).json()
            assert again["batch_id"] == first["batch_id"]
        assert len(await here.parts.store.keys("")) == 1
