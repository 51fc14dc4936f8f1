"""`Prefer` (RFC 7240) on what creates tasks, and `If-Match` on what changes them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from adapters.object_store.port import object_key
from domain.account.events import Problem, TaskCancelRequested, TaskRequested
from domain.runs.events import RunFailed, RunStarted
from tests.command_api.test_generate import finished, succeeded
from tests.command_api.test_two_processes import two
from tests.command_api.world import User, World, refused, until

WAIT = {"prefer": "respond-async, wait=30"}


async def requested(here: World, ann: User) -> str:
    await until(lambda: here.of(ann, TaskRequested), "a task")
    task_id: str = here.of(ann, TaskRequested)[-1].task_id
    return task_id


async def test_a_result_that_is_there_in_time(here: World) -> None:
    ann = await here.user()
    asked = asyncio.create_task(here.post("/generate", ann, json={"prompt": "a mug"}, headers=WAIT))
    task_id = await requested(here, ann)
    await finished(here, ann, task_id, "completed", succeeded(task_id))
    answer = await asked
    assert answer.status_code == 200, answer.text
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["location"] == f"/generate/{task_id}"
    told = answer.json()
    assert told["task_id"] == task_id
    assert [output["format"] for output in told["outputs"]] == ["glb"]
    assert told["outputs"][0]["url"].startswith("/files/")
    assert (told["report"], told["preview_url"], told["ignored"]) == ({}, None, [])


async def test_a_task_that_fails_meanwhile_is_answered_as_its_result_is(here: World) -> None:
    ann = await here.user()
    report = object_key(ann.account_id, "cd" * 32)
    await here.parts.store.put_bytes(report, b'{"message": "It broke."}', "application/json")
    asked = asyncio.create_task(here.post("/generate", ann, json={"prompt": "a mug"}, headers=WAIT))
    task_id = await requested(here, ann)
    problem = Problem(code="engine-failed", kind="permanent", message_sha256="cd" * 32)
    failed = RunFailed(task_id=task_id, attempt=1, sequence=2, worker_id="w", problem=problem)
    await finished(here, ann, task_id, "failed", failed)
    told = refused(await asked, 410, "no-result")
    assert told["task_status"] == "failed"
    assert told["problem"] == {"code": "engine-failed", "kind": "permanent", "detail": "It broke."}
    asked = asyncio.create_task(here.post(f"/generate/{task_id}/retry", ann, headers=WAIT))
    await until(lambda: len(here.of(ann, TaskRequested)) == 2, "the retry")
    await here.post(f"/generate/{await requested(here, ann)}/cancel", ann)
    answer = await asked
    assert refused(answer, 410, "no-result")["reason"] == "client"
    assert answer.headers["location"].startswith("/generate/")


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ({}, None),
        ({"prefer": "respond-async"}, "respond-async"),
        ({"prefer": "wait=0"}, None),
        ({"prefer": "wait=1"}, "wait=1"),
        ({"prefer": 'Respond-Async; x="y", WAIT="1"'}, "respond-async"),
        ({"prefer": "wait=-1, wait=x, return=minimal"}, None),
    ],
)
async def test_what_is_not_there_in_time_is_accepted(here: World, prefer: dict[str, str], applied: str | None) -> None:
    ann = await here.user()
    answer = await here.post("/generate", ann, json={"prompt": "a mug"}, headers=prefer)
    assert answer.status_code == 202
    assert answer.headers.get("preference-applied") == applied
    assert answer.json()["status"] == "queued"


async def test_what_a_client_takes_and_wishes_is_no_time_until_it_is_accepted(here: World) -> None:
    def told(name: str) -> float:
        return REGISTRY.get_sample_value(f"lathe_accept_duration_seconds_{name}", {"route": "/generate"}) or 0.0

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"prompt": '
        await asyncio.sleep(1)
        yield b'"a mug"}'

    ann = await here.user()
    count, seconds = told("count"), told("sum")
    headers = {"prefer": "wait=1", "content-type": "application/json"}
    answer = await here.post("/generate", ann, content=slowly(), headers=headers)
    assert answer.status_code == 202, answer.text
    assert told("count") == count + 1
    assert 0 < told("sum") - seconds < 1
    cancel = f"/generate/{answer.json()['task_id']}/cancel"
    assert (await here.post(cancel, ann)).status_code == 202
    labels = {"route": "/generate/{task_id}/cancel"}
    assert REGISTRY.get_sample_value("lathe_accept_duration_seconds_count", labels) is None


async def test_a_repeat_of_what_is_finished_is_the_result(here: World) -> None:
    ann = await here.user()
    key = {"idempotency-key": "k"}
    first = await here.post("/generate", ann, json={"prompt": "a mug"}, headers=key)
    task_id = first.json()["task_id"]
    await finished(here, ann, task_id, "completed", succeeded(task_id))
    assert (await here.post("/generate", ann, json={"prompt": "a mug"}, headers=key)).status_code == 202
    again = await here.post("/generate", ann, json={"prompt": "a mug"}, headers=key | {"prefer": "wait=60"})
    assert (again.status_code, again.json()["task_id"]) == (200, task_id)


async def test_waiting_where_another_process_decides(database: str, tmp_path: Path) -> None:
    async with two(database, tmp_path) as pair:
        ann = await pair.first.user()
        owner, other = pair.owner_of(ann), pair.other_than_owner(ann)
        asked = asyncio.create_task(other.post("/generate", ann, json={"prompt": "a mug"}, headers=WAIT))
        task_id = await requested(owner, ann)
        await finished(owner, ann, task_id, "completed", succeeded(task_id))
        answer = await asked
        assert (answer.status_code, answer.json()["task_id"]) == (200, task_id)


async def test_49_a_stale_if_match(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)

    async def cancel(if_match: str, **more: Any) -> Any:
        return await here.post(f"/generate/{task_id}/cancel", ann, headers={"if-match": if_match}, **more)

    with here.nothing_written():
        for stale in ('"2-abc"', '"abc"', 'W/"1-abc"', '"7-x", "8-y"'):
            told = refused(await cancel(stale), 412, "precondition-failed")
            assert (told["task_seq"], told["task_status"]) == (1, "queued")
        for malformed in ("1-abc", '"1-abc', "", ",", '"a" "b"'):
            refused(await cancel(malformed), 400, "malformed-request")
    await here.run_says(ann, task_id, RunStarted(task_id=task_id, attempt=1, sequence=1, worker_id="w", device="cpu"))

    async def running() -> bool:
        return await here.status(ann, task_id) == "running"

    await until(running, "running")
    refused(await cancel('"1-abc"'), 412, "precondition-failed")
    assert (await cancel('"1-abc", "2-def"')).json()["status"] == "cancelling"
    assert (await cancel("*")).status_code == 202
    assert len(here.of(ann, TaskCancelRequested)) == 1


async def test_who_waits_is_answered_when_the_service_stops(here: World) -> None:
    ann = await here.user()
    asked = asyncio.create_task(here.post("/generate", ann, json={"prompt": "a mug"}, headers=WAIT))
    task_id = await requested(here, ann)
    here.parts.closing.set()
    async with asyncio.timeout(20):
        answer = await asked
    assert (answer.status_code, answer.json()["task_id"]) == (202, task_id)


async def test_waits_beyond_the_most_are_answered_at_once(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await here.user()
    monkeypatch.setattr("command_api.waiting.MOST_WAITS", 0)
    async with asyncio.timeout(20):
        answer = await here.post("/generate", ann, json={"prompt": "a mug"}, headers=WAIT)
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
