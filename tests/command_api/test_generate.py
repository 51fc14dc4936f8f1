"""POST /generate, cancel and retry: what is accepted, what is refused, and that a refusal writes nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.ids import new_id
from adapters.kafka import topics
from domain.account.events import (
    Output,
    Problem,
    TaskCancelled,
    TaskCancelRequested,
    TaskCompleted,
    TaskFailed,
    TaskRequested,
)
from domain.catalog.commands import RepriceModel, RetireModel
from domain.runs.events import RunFailed, RunStarted, RunSucceeded
from tests.command_api.pictures import picture
from tests.command_api.world import User, World, refused, until

OUTPUT = Output(format="glb", file_id="", media_type="model/gltf-binary", bytes=9, sha256="ab" * 32)
BROKEN = Problem(code="engine-failed", kind="permanent")


def succeeded(task_id: str, attempt: int = 1) -> RunSucceeded:
    return RunSucceeded(task_id=task_id, attempt=attempt, sequence=2, worker_id="w", outputs=(OUTPUT,), metrics={})


def broke(task_id: str) -> RunFailed:
    return RunFailed(task_id=task_id, attempt=1, sequence=2, worker_id="w", problem=BROKEN)


async def finished(here: World, ann: User, task_id: str, status: str, event: Any) -> None:
    await here.run_says(ann, task_id, event)

    async def reached() -> bool:
        return await here.status(ann, task_id) == status

    await until(reached, status)


async def test_from_a_prompt(here: World) -> None:
    ann = await here.user()
    deadline = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    body = {
        "prompt": "a red wooden chair",
        "params": {"formats": ["glb", "stl"], "seed": 7},
        "priority": 3,
        "deadline": deadline.astimezone().isoformat(),
        "max_credits": 1,
    }
    answer = await here.post("/generate/", ann, json=body)
    assert answer.status_code == 202
    told = answer.json()
    task_id = told["task_id"]
    assert answer.headers["location"] == f"/generate/{task_id}"
    assert answer.headers["lathe-position"] == f"lathe.accounts:{ann.partition}@{here.sizes()[ann.stream] - 1}"
    assert (told["status"], told["queue_position"], told["model"], told["seed"]) == ("queued", 1, "lathe/form", 7)
    assert (told["price"], told["reserved"], told["charged"], told["parent"]) == (1, 1, 0, None)
    assert told["eta_s"] > 0
    assert told["params"]["formats"] == ["glb", "stl"]
    (event,) = here.of(ann, TaskRequested)
    assert (event.seed, event.priority, event.deadline) == (7, 3, deadline)
    assert event.prompt_length == len(body["prompt"])
    assert b"wooden" not in b"".join(record.value or b"" for record in here.log.partitions[ann.stream])
    assert await here.wallet(ann) == (9, 1)


async def test_from_an_image_and_from_views(here: World) -> None:
    ann = await here.user()
    uploaded = (await here.post("/upload", ann, files={"file": ("chair.png", picture(), "image/png")})).json()
    by_id = await here.post("/generate", ann, json={"image_file_id": uploaded["file_id"]})
    assert (by_id.status_code, by_id.json()["model"]) == (202, "lathe/relief")
    along = await here.post(
        "/generate", ann, files={"image": ("chair.png", picture(1), "image/png")}, data={"params": '{"seed": 5}'}
    )
    assert along.status_code == 202, along.text
    first, second = here.of(ann, TaskRequested)
    assert first.inputs[0].file_id == uploaded["file_id"]
    assert (first.inputs[0].sha256, first.files) == (uploaded["sha256"], ())
    assert (second.seed, second.inputs[0].file_id) == (5, second.files[0].file_id)
    assert second.inputs[0].sha256 != uploaded["sha256"]
    with here.nothing_written():
        views = {"images": {"front": uploaded["file_id"], "left": uploaded["file_id"]}}
        refused(await here.post("/generate", ann, json=views), 422, "invalid-input", "/images")
        for images, pointer in (({"frnt": "x"}, "/images/frnt"), ({"image": "x"}, "/images/image"),
                                ({f"v{n}": "x" for n in range(9)}, "/images")):  # fmt: skip
            refused(await here.post("/generate", ann, json={"images": images}), 422, "invalid-input", pointer)
        files = [("front", ("a.png", picture(2), "image/png")), ("back", ("b.png", picture(3), "image/png"))]
        refused(await here.post("/generate", ann, files=files), 422, "invalid-input", "/front")
        twice = [("image", ("a.png", picture(2), "image/png"))] * 2
        refused(await here.post("/generate", ann, files=twice), 422, "invalid-input", "/image")
        both = {"image_file_id": uploaded["file_id"], **views}
        refused(await here.post("/generate", ann, json=both), 422, "invalid-input", "/images")
    model = {"model": "test/views", "version": "1", "title": "Views", "kinds": ["images"], "price": 0,
             "typical_seconds": 1.0,
             "params_schema": {"type": "object", "additionalProperties": False, "properties": {}}}  # fmt: skip
    service = {"authorization": "Bearer service-token-of-the-tests"}
    assert (await here.post("/internal/models", json=model, headers=service)).status_code == 200
    await here.parts.catalog.read_to_end()
    both = await here.post("/generate", ann, files=files)
    assert both.status_code == 202, both.text
    assert [item.role for item in here.of(ann, TaskRequested)[-1].inputs] == ["front", "back"]
    by_view = await here.post("/generate", ann, json=views)
    assert (by_view.status_code, by_view.json()["model"]) == (202, "test/views")


NAN = float("nan")
BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "/prompt"),
    ({"prompt": ""}, "/prompt"),
    ({"prompt": " \n\t "}, "/prompt"),
    ({"prompt": "x" * 2001}, "/prompt"),
    ({"prompt": 7}, "/prompt"),
    ({"prompt": "a mug", "image_file_id": "x"}, "/image_file_id"),
    ({"prompt": "a mug", "is_admin": True}, "/is_admin"),
    ({"prompt": "a mug", "credits": 5}, "/credits"),
    ({"prompt": "a mug", "owner_id": "x"}, "/owner_id"),
    ({"prompt": "a mug", "price": 0}, "/price"),
    ({"prompt": "a mug", "params": {"owner_id": "x"}}, "/params/owner_id"),
    ({"prompt": "a mug", "params": {"target_faces": 10**9}}, "/params/target_faces"),
    ({"prompt": "a mug", "params": {"target_faces": "many"}}, "/params/target_faces"),
    ({"prompt": "a mug", "params": {"formats": []}}, "/params/formats"),
    ({"prompt": "a mug", "params": {"formats": ["exe"]}}, "/params/formats/0"),
    ({"prompt": "a mug", "params": [1]}, "/params"),
    ({"prompt": "a mug", "params": {"seed": -1}}, "/params/seed"),
    ({"prompt": "a mug", "params": {"seed": 2**31}}, "/params/seed"),
    ({"prompt": "a mug", "params": {"seed": True}}, "/params/seed"),
    ({"prompt": "a mug", "params": {"seed": "7"}}, "/params/seed"),
    ({"prompt": "a mug", "model": "lathe/none"}, "/model"),
    ({"prompt": "a mug", "model": "lathe/relief"}, "/model"),
    ({"prompt": "a mug", "model": "x" * 101}, "/model"),
    ({"prompt": "a mug", "priority": 11}, "/priority"),
    ({"prompt": "a mug", "priority": 2**62}, "/priority"),
    ({"prompt": "a mug", "deadline": "2020-01-01T00:00:00Z"}, "/deadline"),
    ({"prompt": "a mug", "deadline": "2999-01-01T00:00:00"}, "/deadline"),
    ({"prompt": "a mug", "deadline": "9999-12-31T23:59:59-12:00"}, "/deadline"),
    ({"prompt": "a mug", "deadline": "0001-01-01T00:00:00+14:00"}, "/deadline"),
    ({"prompt": "a mug", "deadline": "soon"}, "/deadline"),
    ({"prompt": "a mug", "max_credits": -1}, "/max_credits"),
    ({"prompt": "a mug", "max_credits": 0.00000001}, "/max_credits"),
    ({"prompt": "a mug", "max_credits": 10**18}, "/max_credits"),
    ({"prompt": "a mug", "max_credits": "NaN"}, "/max_credits"),
    ({"prompt": "a mug", "max_credits": "Infinity"}, "/max_credits"),
    ({"image_file_id": "x"}, "/image_file_id"),
    ({"image_file_id": ""}, "/image_file_id"),
    ({"images": {"front": 7}}, "/images/front"),
]


async def test_44_45_senseless_requests_write_nothing_and_cost_nothing(here: World) -> None:
    ann = await here.user()
    with here.nothing_written():
        for body, pointer in BAD:
            refused(await here.post("/generate", ann, json=body), 422, "invalid-input", pointer)
        refused(await here.post("/generate", json={"prompt": "a mug"}), 401, "unauthenticated")
        refused(await here.post("/generate", ann, content=b"a mug", headers={"content-type": "text/plain"}), 415,
                "unsupported-media-type")  # fmt: skip
        refused(await here.post("/generate", ann), 400, "malformed-json")
    assert await here.wallet(ann) == (10, 0)


@pytest.mark.parametrize("path", ["/generate", "/generate/x/retry", "/auth/register", "/auth/login", "/auth/refresh"])
async def test_45_46_47_bodies_that_are_not_i_json(here: World, path: str) -> None:
    ann = await here.user()
    bodies = [
        b'{"prompt":NaN}', b'{"prompt":Infinity}', b'{"max_credits":-Infinity}', b'{"max_credits":1e400}',
        b'{"priority":9223372036854775808}', b'{"priority":-0}', b'{"max_credits":-0.0}',
        b'{"prompt":"a","prompt":"b"}', b'{"params":{"a":1,"a":2}}', b'{"prompt":"\\ud800"}', b'{"\\udc00":1}',
        b'{"prompt":"a\\u0000b"}', b'{"params":{"a\\u0000":1}}', b'{"prompt":"\xff"}', b'\xef\xbb\xbf{}',
        b'{"params":' * 10_000 + b"{}" + b"}" * 10_000, b"[" * 10_000, b'{"prompt":"a"', b"", b'{"a":1}{}', b"'a'",
    ]  # fmt: skip
    with here.nothing_written():
        for body in bodies:
            answer = await here.post(path, ann, content=body, headers={"content-type": "application/json"})
            if body or path in ("/generate", "/auth/login"):
                refused(answer, 400, "malformed-json")
        long = b'{"prompt":"' + b"x" * (1 << 20) + b'"}'
        answer = await here.post(path, ann, content=long, headers={"content-type": "application/json"})
        refused(answer, 413, "too-large")


async def test_multipart_fields_are_read_as_strictly(here: World) -> None:
    ann = await here.user()
    with here.nothing_written():
        for fields, status, code, pointer in (
            ({"prompt": "a mug", "params": '{"a":1,"a":2}'}, 400, "malformed-json", "/params/a"),
            ({"prompt": "a mug", "params": "{"}, 400, "malformed-json", "/params"),
            ({"prompt": "a mug", "params": "[" * 1000}, 400, "malformed-json", "/params"),
            ({"prompt": "a mug", "max_credits": "NaN"}, 400, "malformed-json", "/max_credits"),
            ({"prompt": "a mug", "max_credits": "-1"}, 422, "invalid-input", "/max_credits"),
            ({"prompt": "a mug", "owner_id": "x"}, 422, "invalid-input", "/owner_id"),
            ({"prompt": "a\x00mug"}, 400, "malformed-request", None),
        ):
            # Without a file httpx would send a form: an empty list of files is not enough to make it multipart.
            parts = {name: (None, value) for name, value in fields.items()}
            refused(await here.post("/generate", ann, files=parts), status, code, pointer)
    asked = {"prompt": (None, "a mug"), "priority": (None, "2"), "params": (None, '{"seed": 3}')}
    assert (await here.post("/generate", ann, files=asked)).json()["seed"] == 3


async def test_43_anothers_file_and_task_are_answered_as_missing_ones(here: World) -> None:
    ann = await here.user()
    bob = await here.user("bob")
    while bob.partition != ann.partition:
        bob = await here.user("bob")
    upload = await here.post("/upload", ann, files={"file": ("chair.png", picture(), "image/png")})
    file_id, task_id = upload.json()["file_id"], await here.task(ann)

    def same(one: Any, other: Any, hers: str, missing: str) -> None:
        a, b = one.json(), other.json()
        a.pop("request_id"), b.pop("request_id")
        assert one.status_code == other.status_code
        assert str(a).replace(hers, missing) == str(b)

    with here.nothing_written():
        missing = new_id(ann.partition)
        for body in ("image_file_id", "images"):
            ask = [{body: i} if body == "image_file_id" else {body: {"front": i}} for i in (file_id, missing)]
            answers = [await here.post("/generate", bob, json=one) for one in ask]
            same(*answers, file_id, missing)
        for path in ("cancel", "retry"):
            answers = [await here.post(f"/generate/{i}/{path}", bob) for i in (task_id, missing)]
            refused(answers[0], 404, "not-found")
            same(*answers, task_id, missing)
            elsewhere = new_id((ann.partition + 1) % 12)
            for odd in (
                elsewhere,
                new_id(4000),
                "1",
                "x" * 3000,
                task_id.upper(),
                "%00",
                "..%2f",
            ):
                refused(await here.post(f"/generate/{odd}/{path}", bob), 404, "not-found")
    assert await here.status(ann, task_id) == "queued"


async def test_a_queued_task_is_cancelled_at_once_and_refunded_once(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    assert await here.wallet(ann) == (9, 1)
    for n in range(3):
        answer = await here.post(f"/generate/{task_id}/cancel", ann)
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
        assert (answer.json()["reserved"], answer.json()["charged"]) == (0, 0)
        assert answer.headers["lathe-position"].startswith(f"lathe.accounts:{ann.partition}@")
        assert await here.wallet(ann) == (10, 0), n
    assert len(here.of(ann, TaskCancelled)) == 1
    with here.nothing_written():
        refused(await here.post(f"/generate/{task_id}/cancel"), 401, "unauthenticated")


async def test_50_a_result_before_the_cancel(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await finished(here, ann, task_id, "completed", succeeded(task_id))
    with here.nothing_written():
        refused(await here.post(f"/generate/{task_id}/cancel", ann), 409, "wrong-state")
        refused(await here.post(f"/generate/{task_id}/retry", ann), 409, "wrong-state")
    assert await here.wallet(ann) == (9, 0)


async def test_50_a_cancel_before_the_result(here: World) -> None:
    ann = await here.user()
    waiting, running = await here.task(ann), await here.task(ann)
    await finished(
        here, ann, running, "running", RunStarted(task_id=running, attempt=1, sequence=1, worker_id="w", device="cpu")
    )
    assert (await here.post(f"/generate/{waiting}/cancel", ann)).json()["status"] == "cancelled"
    assert (await here.post(f"/generate/{running}/cancel", ann)).json()["status"] == "cancelling"
    assert len(here.of(ann, TaskCancelRequested)) == 1
    await here.run_says(ann, waiting, succeeded(waiting))
    await finished(here, ann, running, "completed", succeeded(running))
    assert await here.status(ann, waiting) == "cancelled"
    assert await here.wallet(ann) == (9, 0)


@pytest.mark.parametrize("first", ["cancel", "result"])
async def test_50_a_cancel_races_the_result(here: World, first: str) -> None:
    """Whatever wins, the task ends once and the money adds up."""
    ann = await here.user()
    tasks = [await here.task(ann) for _ in range(8)]

    async def race(task_id: str) -> tuple[int, str]:
        cancelling = here.post(f"/generate/{task_id}/cancel", ann)
        told = here.run_says(ann, task_id, succeeded(task_id))
        both = (cancelling, told) if first == "cancel" else (told, cancelling)
        answers = await asyncio.gather(*both)
        return (answers[0] if first == "cancel" else answers[1]).status_code, task_id

    answered = await asyncio.gather(*(race(task_id) for task_id in tasks))
    await until(lambda: len(here.of(ann, TaskCancelled)) + len(here.of(ann, TaskCompleted)) == 8, "all ends")
    cancelled = {event.task_id for event in here.of(ann, TaskCancelled)}
    completed = {event.task_id for event in here.of(ann, TaskCompleted)}
    assert {task_id for status, task_id in answered if status == 202} == cancelled
    assert {task_id for status, task_id in answered if status == 409} == completed
    assert await here.wallet(ann) == (10 - len(completed), 0)


async def test_50_a_refund_asked_twice_is_given_once(here: World) -> None:
    ann = await here.user()
    task_id, after = await here.task(ann), await here.task(ann)
    for _ in range(3):
        await here.run_says(ann, task_id, broke(task_id))
    await finished(here, ann, after, "failed", broke(after))
    assert len(here.of(ann, TaskFailed)) == 2
    assert await here.wallet(ann) == (10, 0)
    with here.nothing_written():
        refused(await here.post(f"/generate/{task_id}/cancel", ann), 409, "wrong-state")


async def test_a_retry_is_a_new_task_at_todays_price(here: World) -> None:
    ann = await here.user()
    asked = await here.post("/generate", ann, json={"prompt": "a blue mug", "params": {"seed": 9}})
    parent = asked.json()["task_id"]
    with here.nothing_written():
        refused(await here.post(f"/generate/{parent}/retry", ann), 409, "wrong-state")
    await finished(here, ann, parent, "failed", broke(parent))
    await here.decided(topics.CATALOG, 0, RepriceModel(model="lathe/form", price=3_000_000))
    await here.parts.catalog.read_to_end()
    with here.nothing_written():
        too_dear = await here.post(f"/generate/{parent}/retry", ann, json={"max_credits": 2})
        assert refused(too_dear, 409, "price-changed")["quote"]["price"] == 3
        for body in ({"seed": -1}, {"prompt": "x"}, {"max_credits": -1}):
            answer = await here.post(f"/generate/{parent}/retry", ann, json=body)
            refused(answer, 422, "invalid-input", f"/{next(iter(body))}")
    answer = await here.post(f"/generate/{parent}/retry", ann)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["parent"], told["price"], told["seed"], told["status"]) == (parent, 3, 9, "queued")
    assert told["task_id"] != parent
    assert answer.headers["location"] == f"/generate/{told['task_id']}"
    other = await here.post(f"/generate/{parent}/retry", ann, json={"seed": 10})
    assert (other.status_code, other.json()["seed"]) == (202, 10)
    assert await here.wallet(ann) == (4, 6)
    await here.decided(topics.CATALOG, 0, RetireModel(model="lathe/form"))
    await here.parts.catalog.read_to_end()
    with here.nothing_written():
        refused(await here.post(f"/generate/{parent}/retry", ann), 409, "wrong-state")
        refused(await here.post("/generate", ann, json={"prompt": "a mug"}), 422, "invalid-input", "/prompt")
