"""Paths for the other processes: signed forwards, orders and results of workers, models (real object store)."""

import asyncio
import hashlib
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.commands.wire import MAX_AGE_S, Answer, Forward, Question, sign
from adapters.ids import new_id
from adapters.kafka import topics
from adapters.object_store.port import object_key
from adapters.object_store.s3 import S3Store
from domain.account.commands import AdjustCredits, DescribeAccount
from domain.account.events import CreditsAdjusted
from domain.runs.events import RunStarted
from tests.command_api.pictures import picture
from tests.command_api.test_generate import finished, succeeded
from tests.command_api.world import MASTER, SERVICE_TOKEN, User, World, a_context, refused, until, world
from tests.conftest import S3

SERVICE = {"authorization": f"Bearer {SERVICE_TOKEN}"}


@pytest.fixture
async def stored(database: str, tmp_path: Path, s3: S3) -> AsyncIterator[World]:
    store = S3Store(s3.url, s3.access_key, s3.secret_key)
    await store.start()
    async with world(database, tmp_path, store=store) as here:
        yield here
    await store.close()


async def over_http(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> bytes:
    def call() -> bytes:
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())

    return await asyncio.to_thread(call)


async def test_a_worker_gets_its_order_and_puts_its_results(stored: World) -> None:
    ann = await stored.user()
    asked = {"prompt": (None, ""), "image": ("a.png", picture(), "image/png"), "params": (None, '{"seed":4}')}
    del asked["prompt"]
    task_id = (await stored.post("/generate", ann, files=asked)).json()["task_id"]
    path = f"/internal/runs/{task_id}/1"
    query = {"account_id": ann.account_id}
    with stored.nothing_written():
        answer = await stored.send("GET", path, headers=SERVICE, params=query)
        assert answer.status_code == 200, answer.text
        order = answer.json()
        assert (order["task_id"], order["attempt"], order["seed"], order["prompt"]) == (task_id, 1, 4, None)
        assert (order["model"], order["version"]) == ("lathe/relief", "1.4.0")
        assert await over_http(order["inputs"][0]["url"]) == picture()
        body = {"sha256": hashlib.sha256(b"glTF").hexdigest(), "bytes": 4, "media_type": "model/gltf-binary"}
        put = await stored.post(f"{path}/outputs", headers=SERVICE, params=query, json=body)
        assert put.status_code == 200
        told = put.json()
        await over_http(told["put_url"], "PUT", b"glTF", **told["headers"])
    stat = await stored.parts.store.stat(object_key(ann.account_id, body["sha256"]))
    assert (stat.bytes, stat.media_type) == (4, "model/gltf-binary")

    prompted = await stored.task(ann, "a mug with ünusual handles")
    order = (await stored.send("GET", f"/internal/runs/{prompted}/1", headers=SERVICE, params=query)).json()
    assert (order["prompt"], order["inputs"]) == ("a mug with ünusual handles", [])

    began = RunStarted(task_id=task_id, attempt=1, sequence=1, worker_id="w", device="cpu")
    await finished(stored, ann, task_id, "running", began)
    assert (await stored.send("GET", path, headers=SERVICE, params=query)).status_code == 200
    await finished(stored, ann, task_id, "completed", succeeded(task_id))
    with stored.nothing_written():
        for method, where, more in (("GET", path, {}), ("POST", f"{path}/outputs", {"json": body})):
            refused(await stored.send(method, where, headers=SERVICE, params=query, **more), 409, "wrong-state")


async def test_orders_are_for_whoever_has_the_service_token(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    path, query = f"/internal/runs/{task_id}/1", {"account_id": ann.account_id}
    body = {"sha256": "ab" * 32, "bytes": 4, "media_type": "x/y"}
    with here.nothing_written():
        for headers in ({}, ann.headers, {"authorization": "Bearer "}, {"authorization": f"Basic {SERVICE_TOKEN}"},
                        {"authorization": f"Bearer {SERVICE_TOKEN}x"}, {"authorization": SERVICE_TOKEN}):  # fmt: skip
            for method, where, more in (("GET", path, {}), ("POST", f"{path}/outputs", {"json": body}),
                                        ("POST", "/internal/models", {"json": {}})):  # fmt: skip
                answer = await here.send(method, where, headers=headers, params=query, **more)
                refused(answer, 401, "unauthenticated")
        other = f"/internal/runs/{task_id}/2"
        refused(await here.send("GET", other, headers=SERVICE, params=query), 409, "wrong-state")
        for where, asked in (
            (path, {"account_id": new_id()}),
            (path, {"account_id": "../x"}),
            (f"/internal/runs/{new_id(ann.partition)}/1", query),
            (f"/internal/runs/{new_id(4000)}/1", query),
            ("/internal/runs/nonsense/1", query),
        ):
            refused(await here.send("GET", where, headers=SERVICE, params=asked), 404, "not-found")
        for attempt in ("x", str(2**70), "-1", "0"):
            where = f"/internal/runs/{task_id}/{attempt}"
            refused(await here.send("GET", where, headers=SERVICE, params=query), 422, "invalid-input")
        refused(await here.send("GET", path, headers=SERVICE), 422, "invalid-input")
        for wrong in ({"sha256": "../" * 21 + "x"}, {"bytes": -1}, {"bytes": 2**50}, {"media_type": 7}, {"owner": 1}):
            answer = await here.post(f"{path}/outputs", headers=SERVICE, params=query, json=body | wrong)
            refused(answer, 422, "invalid-input", f"/{next(iter(wrong))}")


async def test_an_engine_that_the_catalog_does_not_know_is_published(here: World) -> None:
    schema = {"type": "object", "additionalProperties": False, "properties": {"size": {"type": "number", "default": 1}}}
    model = {"model": "test/blob", "version": "1", "title": "Blob", "kinds": ["text"], "params_schema": schema,
             "price": 500_000, "typical_seconds": 1.5}  # fmt: skip
    answer = await here.post("/internal/models", json=model, headers=SERVICE)
    assert (answer.status_code, answer.json()["version"]) == (200, "1")
    with here.nothing_written():
        assert (await here.post("/internal/models", json=model, headers=SERVICE)).status_code == 200
        for wrong, pointer in (
            ({"price": -1}, "/price"),
            ({"price": 2**62}, "/price"),
            ({"kinds": []}, "/kinds"),
            ({"kinds": ["smell"]}, "/kinds"),
            ({"params_schema": {}}, "/params_schema"),
            ({"params_schema": schema | {"$ref": "http://169.254.169.254/"}}, "/params_schema"),
            ({"typical_seconds": 0}, "/typical_seconds"),
            ({"model": ""}, "/model"),
            ({"owner": 1}, "/owner"),
        ):
            refused(await here.post("/internal/models", json=model | wrong, headers=SERVICE), 422, "invalid-input",
                    pointer)  # fmt: skip
    await here.parts.catalog.read_to_end()
    ann = await here.user()
    answer = await here.post("/generate", ann, json={"prompt": "a blob", "model": "test/blob"})
    assert (answer.json()["price"], answer.json()["params"]) == (0.5, {"size": 1})


def forward(here: World, user: User, command: Any = None, **fields: Any) -> bytes:
    owner = here.parts.host.owners[user.stream]
    assert owner.claim is not None
    given: dict[str, Any] = {
        "topic": topics.ACCOUNTS.name,
        "partition": user.partition,
        "epoch": owner.claim.epoch,
        "nonce": owner.claim.nonce,
        "command": msgspec.Raw(
            msgspec.json.encode(command or AdjustCredits(account_id=user.account_id, amount=1_000_000, reason="gift"))
        ),
        "context": a_context(actor="user/forged"),
        "timeout_s": 5.0,
    }
    return msgspec.json.encode(Forward(**(given | fields)))


async def sent(here: World, path: str, body: bytes, signature: str | None = None) -> Any:
    header = sign(MASTER.internal_header, body) if signature is None else signature
    return await here.post(path, content=body, headers={"lathe-signature": header, "content-type": "application/json"})


async def test_60_forwards_are_taken_from_the_deployments_own_processes_alone(here: World) -> None:
    ann = await here.user()
    body, key, now = forward(here, ann), MASTER.internal_header, time.time()
    question = msgspec.json.encode(
        Question(topic=topics.ACCOUNTS.name, partition=ann.partition, epoch=1, command_id="c")
    )  # fmt: skip
    with here.nothing_written():
        for path, content in (("/internal/commands", body), ("/internal/outcomes", question)):
            for signature in ("", "nonsense", ":", "1:", sign(b"another key", content), sign(key, content + b" "),
                              sign(key, content, now - MAX_AGE_S - 5), sign(key, content, now + MAX_AGE_S + 5),
                              sign(key, content).replace(":", ":0"), "9" * 500 + ":00",
                              SERVICE_TOKEN, f"Bearer {ann.token}"):  # fmt: skip
                refused(await sent(here, path, content, signature), 401, "unauthenticated")
            refused(await here.post(path, content=content, headers=SERVICE), 401, "unauthenticated")
            refused(await here.post(path, ann, content=content), 401, "unauthenticated")
    answer = msgspec.json.decode((await sent(here, "/internal/commands", body)).content, type=Answer)
    assert answer.kind == "applied"
    assert len(here.of(ann, CreditsAdjusted)) == 1


async def test_forwards_that_nobody_here_can_take(here: World) -> None:
    ann = await here.user()
    with here.nothing_written():
        for body in (
            b"",
            b"{}",
            b"[1]",
            forward(here, ann)[:-2],
            forward(here, ann, topic="lathe.assignments"),
            forward(here, ann, topic="lathe.nowhere"),
            forward(here, ann, partition=99),
            forward(here, ann, command=msgspec.Raw(b'{"type":"Unheard"}')),
            forward(here, ann, topic=topics.IDENTITY.name, partition=0),
        ):
            refused(await sent(here, "/internal/commands", body), 400, "malformed-request")
        for body in (b"", b"{}", b'{"topic":"x","partition":0,"epoch":1,"command_id":"c"}'):
            refused(await sent(here, "/internal/outcomes", body), 400, "malformed-request")
        for stale in (forward(here, ann, epoch=7), forward(here, ann, nonce="another")):
            answer = msgspec.json.decode((await sent(here, "/internal/commands", stale)).content, type=Answer)
            assert answer.kind == "not-owner"
        described = forward(here, ann, DescribeAccount(account_id="nobody"))
        answer = msgspec.json.decode((await sent(here, "/internal/commands", described)).content, type=Answer)
        assert (answer.kind, (answer.refusal or {})["code"]) == ("refused", "not-found")


async def test_what_became_of_a_command(here: World) -> None:
    ann = await here.user()
    context = a_context()
    claim = here.parts.host.owners[ann.stream].claim
    assert claim is not None

    async def asked(command_id: str, epoch: int = claim.epoch) -> Answer:
        question = Question(topic=ann.stream[0], partition=ann.partition, epoch=epoch, command_id=command_id)
        answer = await sent(here, "/internal/outcomes", msgspec.json.encode(question))
        return msgspec.json.decode(answer.content, type=Answer)

    body = forward(here, ann, context=context)
    await sent(here, "/internal/commands", body)
    known = await asked(context.command_id)
    assert known.kind == "applied"
    assert known.applied is not None
    assert known.applied.view["balance"] == 11
    assert (await asked("later", claim.epoch + 1)).kind == "not-owner"
    barred = a_context()
    assert (await asked(barred.command_id)).kind == "never"
    with here.nothing_written():
        late = await sent(here, "/internal/commands", forward(here, ann, context=barred))
        assert msgspec.json.decode(late.content, type=Answer).kind == "never"


async def test_healthz_and_readyz(database: str, tmp_path: Path) -> None:
    async with world(database, tmp_path) as here:
        assert (await here.http.get("/healthz")).json() == {"status": "alive"}
        await until(lambda: all(here.parts.host.directory.owner(tp) for tp in here.parts.host.owners), "announcements")
        ready = await here.http.get("/readyz/")
        assert ready.status_code == 200
        assert ready.json() == {"kafka": "ok", "postgres": "ok", "unowned": [], "owned_here": 14}
        await here.parts.pool.close()
        away = await here.http.get("/readyz")
        assert away.status_code == 503
        assert (away.json()["kafka"], away.json()["postgres"] == "ok") == ("ok", False)
        assert (await here.http.get("/healthz")).status_code == 200
        with here.nothing_written():
            body = {"username": "ann", "password": "correct horse"}
            answer = await here.post("/auth/login", json=body)
            assert answer.status_code in (401, 503)
            refused(await here.post("/auth/register", json=body), 503, "dependency-down")
    async with world(database, tmp_path, owning=lambda tp: tp != (topics.ACCOUNTS.name, 3)) as here:
        partly = await here.http.get("/readyz")
        assert partly.status_code == 503
        assert "lathe.accounts/3" in partly.json()["unowned"]


async def test_paths_and_methods_that_there_are_not(here: World) -> None:
    with here.nothing_written():
        refused(await here.post("/nowhere", json={}), 404, "not-found")
        refused(await here.send("DELETE", "/upload"), 405, "method-not-allowed")
        for path in ("/openapi.json", "/docs", "/redoc"):
            refused(await here.send("GET", path), 404, "not-found")
