"""Saved stages of runs: put, listed, read and forgotten by workers alone (real object store)."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.object_store.port import delete_account_objects, stage_key
from adapters.object_store.s3 import S3Store
from domain.runs.events import RunStarted
from tests.command_api.test_generate import finished, succeeded
from tests.command_api.world import SERVICE_TOKEN, World, refused, world
from tests.conftest import S3

SERVICE = {"authorization": f"Bearer {SERVICE_TOKEN}"}


@pytest.fixture
async def stored(database: str, tmp_path: Path, s3: S3) -> AsyncIterator[World]:
    store = S3Store(s3.url, s3.access_key, s3.secret_key)
    await store.start()
    async with world(database, tmp_path, store=store) as here:
        yield here
    await store.close()


async def over_http(url: str, method: str = "GET", body: bytes | None = None) -> bytes:
    def call() -> bytes:
        headers = {"content-type": "application/octet-stream"}
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    return await asyncio.to_thread(call)


async def test_a_stage_is_kept_for_the_next_attempt_and_forgotten_at_the_end(stored: World) -> None:
    ann = await stored.user()
    task_id, other = await stored.task(ann), await stored.task(ann)
    path, query = f"/internal/runs/{task_id}/1/stages", {"account_id": ann.account_id}
    with stored.nothing_written():
        for content in (b"half-way", b"further on"):
            asked = {"name": "latents.bin", "bytes": len(content)}
            told = await stored.post(path, headers=SERVICE, params=query, json=asked)
            assert told.status_code == 200, told.text
            await over_http(told.json()["put_url"], "PUT", content)
        (kept,) = (await stored.send("GET", path, headers=SERVICE, params=query)).json()["items"]
        assert kept["name"] == "latents.bin"
        assert await over_http(kept["url"]) == b"further on"
        theirs = f"/internal/runs/{other}/1/stages"
        assert (await stored.send("GET", theirs, headers=SERVICE, params=query)).json() == {"items": []}
        for _ in range(2):
            assert (await stored.send("DELETE", path, headers=SERVICE, params=query)).status_code == 204
        assert (await stored.send("GET", path, headers=SERVICE, params=query)).json() == {"items": []}


async def test_stages_are_for_the_worker_of_a_live_attempt(stored: World) -> None:
    ann = await stored.user()
    task_id = await stored.task(ann)
    path, query = f"/internal/runs/{task_id}/1/stages", {"account_id": ann.account_id}
    asked = {"name": "mesh", "bytes": 4}
    with stored.nothing_written():
        for method, body in (("GET", {}), ("POST", {"json": asked}), ("DELETE", {})):
            for headers in ({}, ann.headers):
                refused(await stored.send(method, path, headers=headers, params=query, **body), 401, "unauthenticated")
            late = path.replace("/1/", "/2/")
            refused(await stored.send(method, late, headers=SERVICE, params=query, **body), 409, "wrong-state")
        for wrong in ({"name": "../x"}, {"name": ""}, {"bytes": -1}, {"bytes": 2**40}, {"owner": "x"}):
            answer = await stored.post(path, headers=SERVICE, params=query, json=asked | wrong)
            refused(answer, 422, "invalid-input", f"/{next(iter(wrong))}")
    began = RunStarted(task_id=task_id, attempt=1, sequence=1, worker_id="w", device="cpu")
    await finished(stored, ann, task_id, "running", began)
    assert (await stored.send("GET", path, headers=SERVICE, params=query)).status_code == 200
    await finished(stored, ann, task_id, "completed", succeeded(task_id))
    refused(await stored.post(path, headers=SERVICE, params=query, json=asked), 409, "wrong-state")


async def test_stages_go_with_their_account(stored: World) -> None:
    ann = await stored.user()
    task_id = await stored.task(ann)
    key = stage_key(ann.account_id, task_id, "mesh")
    await stored.parts.store.put_bytes(key, b"x", "application/octet-stream")
    assert await delete_account_objects(stored.parts.store, ann.account_id) == 1
    assert await stored.parts.store.keys(key) == []
