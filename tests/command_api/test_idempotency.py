"""The same request twice is one event and one answer: at once, after a failure, after a year (bad-inputs 48)."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters.kafka import topics
from adapters.kafka.memory import MemoryLog
from domain.account.commands import DeleteFile
from domain.account.events import FileStored, TaskCancelled, TaskRequested
from domain.catalog.commands import RetireModel
from tests.command_api.pictures import picture
from tests.command_api.test_generate import broke, finished
from tests.command_api.world import ShakyLog, User, World, refused, until, world

MUG: dict[str, Any] = {"prompt": "a blue mug", "params": {"formats": ["glb"], "seed": 3}}


def keyed(key: str) -> dict[str, str]:
    return {"idempotency-key": key}


async def test_48_the_same_request_again_is_the_same_task(here: World) -> None:
    ann = await here.user()
    first = await here.post("/generate", ann, json=MUG, headers=keyed("k"))
    with here.nothing_written():
        reordered = {"params": {"seed": 3, "formats": ["glb"]}, "prompt": "a blue mug", "priority": 0}
        again = await here.post("/generate/", ann, json=reordered, headers=keyed("k"))
        as_form = {name: (None, value) for name, value in
                   {"prompt": "a blue mug", "params": '{"seed":3,"formats":["glb"]}'}.items()}  # fmt: skip
        third = await here.post("/generate", ann, files=as_form, headers=keyed("k"))
    assert (again.status_code, again.json()) == (third.status_code, third.json()) == (202, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert await here.wallet(ann) == (9, 1)
    await here.post(f"/generate/{first.json()['task_id']}/cancel", ann)
    with here.nothing_written():
        rendered_anew = await here.post("/generate", ann, json=MUG, headers=keyed("k"))
    assert (rendered_anew.status_code, rendered_anew.json()["status"]) == (202, "cancelled")


async def test_48_another_body_is_refused_and_another_user_or_path_is_independent(here: World) -> None:
    ann, bob = await here.user(), await here.user("bob")
    task = (await here.post("/generate", ann, json=MUG, headers=keyed("k"))).json()["task_id"]
    with here.nothing_written():
        for other in (MUG | {"prompt": "a red mug"}, MUG | {"priority": 1}, MUG | {"params": {"seed": 4}}):
            answer = await here.post("/generate", ann, json=other, headers=keyed("k"))
            refused(answer, 422, "idempotency-key-reused")
    his = await here.post("/generate", bob, json=MUG, headers=keyed("k"))
    assert his.json()["task_id"] != task
    assert (await here.post(f"/generate/{task}/cancel", ann, headers=keyed("k"))).status_code == 202
    uploaded = await here.post("/upload", ann, files={"file": ("a.txt", b"abc")}, headers=keyed("k"))
    assert uploaded.status_code == 201
    assert len(here.of(ann, TaskRequested)) == len(here.of(bob, TaskRequested)) == 1


async def test_a_refused_request_does_not_use_its_key_up(here: World) -> None:
    ann = await here.user()
    with here.nothing_written():
        refused(await here.post("/generate", ann, json={"prompt": ""}, headers=keyed("k")), 422, "invalid-input")
        dear = await here.post("/generate", ann, json=MUG | {"max_credits": 0}, headers=keyed("k"))
        refused(dear, 409, "price-changed")
    assert (await here.post("/generate", ann, json=MUG, headers=keyed("k"))).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel".encode("latin-1"), "a\tb"])
async def test_malformed_keys(here: World, key: str | bytes) -> None:
    ann = await here.user()
    with here.nothing_written():
        for path, body in (("/generate", MUG), ("/generate/x/cancel", None), ("/generate/x/retry", None)):
            answer = await here.post(path, ann, json=body, headers={"idempotency-key": key})
            refused(answer, 400, "malformed-request")


@pytest.mark.parametrize("second", ["k", "other"])
async def test_several_keys_are_none(here: World, second: str) -> None:
    """Which of them would be meant? Also when both are the same: two hands set it, and may not agree next time."""
    ann = await here.user()
    headers = httpx.Headers([*ann.headers.items(), ("idempotency-key", "k"), ("idempotency-key", second)])
    with here.nothing_written():
        request = here.http.build_request("POST", "/generate", json=MUG, headers=headers)
        answer = await here.http.send(request)
        refused(answer, 400, "malformed-request")
        assert "Idempotency-Key came 2 times" in answer.json()["detail"]


async def test_48_in_flight(here: World) -> None:
    """The second comes while the body of the first is still on its way."""
    ann = await here.user()
    arrived, go_on = asyncio.Event(), asyncio.Event()
    content = msgspec.json.encode(MUG)

    async def slowly() -> Any:
        yield content[:5]
        arrived.set()
        await go_on.wait()
        yield content[5:]

    headers = keyed("k") | {"content-type": "application/json", "content-length": str(len(content))}
    request = here.http.build_request("POST", "/generate", content=slowly(), headers=ann.headers | headers)
    first = asyncio.create_task(_streamed(here, request))
    await arrived.wait()
    with here.nothing_written():
        second = await here.post("/generate", ann, json=MUG, headers=keyed("k"))
        refused(second, 409, "in-flight")
        assert second.headers["retry-after"] == "1"
        elsewhere = await here.post("/upload", ann, files={"nofile": b"x"}, headers=keyed("k"))
        refused(elsewhere, 422, "invalid-input")
    go_on.set()
    assert (await first).status_code == 202
    again = await here.post("/generate", ann, json=MUG, headers=keyed("k"))
    assert again.json()["task_id"] == (await first).json()["task_id"]


async def _streamed(here: World, request: httpx.Request) -> httpx.Response:
    """The in-process transport gathers a body before it sends it; this hands each chunk on as it comes."""
    answer: dict[str, Any] = {"body": b""}
    chunks = request.stream.__aiter__()  # type: ignore[union-attr]
    missing = object()

    async def receive() -> dict[str, Any]:
        chunk = await anext(chunks, missing)
        return {"type": "http.request", "body": b"" if chunk is missing else chunk, "more_body": chunk is not missing}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer["status"], answer["headers"] = message["status"], message["headers"]
        else:
            answer["body"] += message.get("body", b"")

    scope = {
        "type": "http", "method": "POST", "path": request.url.path, "raw_path": request.url.raw_path,
        "query_string": b"", "headers": [(n.lower(), v) for n, v in request.headers.raw], "http_version": "1.1",
        "scheme": "http", "server": ("lathe.test", 80), "client": ("127.0.0.1", 5), "root_path": "",
    }  # fmt: skip
    transport: Any = here.http._transport
    await transport.app(scope, receive, send)
    return httpx.Response(answer["status"], headers=answer["headers"], content=answer["body"])


async def test_repeats_in_parallel_are_one_task(here: World) -> None:
    ann = await here.user()
    answers = await asyncio.gather(
        *(here.post("/generate", ann, json=MUG, headers=keyed("k")) for _ in range(30))
    )  # fmt: skip
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["task_id"] for answer in answers if answer.status_code == 202}) == 1
    assert len(here.of(ann, TaskRequested)) == 1
    assert await here.wallet(ann) == (9, 1)


async def test_cancel_and_retry_have_keys_too(here: World) -> None:
    ann = await here.user()
    task = await here.task(ann)
    for _ in range(2):
        assert (await here.post(f"/generate/{task}/cancel", ann, headers=keyed("c"))).json()["status"] == "cancelled"
    assert len(here.of(ann, TaskCancelled)) == 1
    retries = [await here.post(f"/generate/{task}/retry", ann, headers=keyed("r")) for _ in range(2)]
    assert [answer.status_code for answer in retries] == [202, 202]
    assert retries[0].json()["task_id"] == retries[1].json()["task_id"] != task
    assert len(here.of(ann, TaskRequested)) == 2
    with here.nothing_written():
        other = await here.post(f"/generate/{task}/retry", ann, json={"seed": 5}, headers=keyed("r"))
        refused(other, 422, "idempotency-key-reused")


async def test_an_upload_again_is_the_same_file(here: World) -> None:
    ann = await here.user()

    def upload(name: str, content: bytes) -> Any:
        return here.post("/upload", ann, files={"file": (name, content, "image/png")}, headers=keyed("u"))

    first, again = await upload("a.png", picture()), await upload("a.png", picture())
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    with here.nothing_written():
        refused(await upload("b.png", picture()), 422, "idempotency-key-reused")
        refused(await upload("a.png", picture(9)), 422, "idempotency-key-reused")
    assert len(here.of(ann, FileStored)) == 1


async def test_an_upload_again_after_its_file_was_deleted(here: World) -> None:
    ann = await here.user()

    def upload() -> Any:
        return here.post("/upload", ann, files={"file": ("a.txt", b"abc")}, headers=keyed("u"))

    file_id = (await upload()).json()["file_id"]
    await here.decided(topics.ACCOUNTS, ann.partition, DeleteFile(account_id=ann.account_id, file_id=file_id))
    with here.nothing_written():
        refused(await upload(), 404, "not-found")


async def test_48_a_year_later_and_after_what_it_asked_for_is_gone(database: str, tmp_path: Path) -> None:
    """Keys are never forgotten; a repeat is answered even if the request would be refused by now."""
    log = MemoryLog()
    body = MUG | {"deadline": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    async with world(database, tmp_path, log=log) as before:
        ann = await before.user()
        first = await before.post("/generate", ann, json=body, headers=keyed("k"))
        parent = await before.task(ann)
        await finished(before, ann, parent, "failed", broke(parent))
        retried = await before.post(f"/generate/{parent}/retry", ann, headers=keyed("r"))
        assert (first.status_code, retried.status_code) == (202, 202)
    age_by(log, timedelta(days=400))
    async with world(database, tmp_path, log=log) as here:
        await here.decided(topics.CATALOG, 0, RetireModel(model="lathe/form"))
        await here.parts.catalog.read_to_end()
        with here.nothing_written():
            again = await here.post("/generate", ann, json=body, headers=keyed("k"))
            assert (again.status_code, again.json()["task_id"]) == (202, first.json()["task_id"])
            assert again.json()["created_at"] < (datetime.now(UTC) - timedelta(days=399)).isoformat()
            repeated = await here.post(f"/generate/{parent}/retry", ann, headers=keyed("r"))
            assert (repeated.status_code, repeated.json()["task_id"]) == (202, retried.json()["task_id"])
            other = await here.post("/generate", ann, json=body | {"prompt": "a tree"}, headers=keyed("k"))
            refused(other, 422, "idempotency-key-reused")
            fresh = await here.post("/generate", ann, json=body, headers=keyed("new"))
            refused(fresh, 422, "invalid-input", "/prompt")
            refused(await here.post("/generate", ann, json=body), 422, "invalid-input", "/prompt")


def age_by(log: MemoryLog, age: timedelta) -> None:
    """Rewrite the log as if everything had happened that long ago."""
    for records in log.partitions.values():
        for i, record in enumerate(records):
            kept = record.by_name | {"ce_time": _earlier(record.by_name["ce_time"], age)}
            timestamp = record.timestamp - int(age.total_seconds() * 1000)
            records[i] = msgspec.structs.replace(record, kept=kept, timestamp=timestamp)


def _earlier(value: bytes, age: timedelta) -> bytes:
    time = datetime.fromisoformat(value.decode()) - age
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


@pytest.mark.parametrize("late", [False, True], ids=["lost", "written late"])
@pytest.mark.parametrize("clients", [False, True], ids=["key made here", "client's key"])
async def test_an_open_outcome_is_repeated_with_its_key(shaky: World, late: bool, clients: bool) -> None:
    """No ack, and nobody can tell: 503 with the key. The repeat is applied once, whatever became of the first."""
    ann = await shaky.user()
    log = shaky.log
    assert isinstance(log, ShakyLog)
    log.broken = True
    answer = await shaky.post("/generate", ann, json=MUG, headers=keyed("mine") if clients else {})
    told = refused(answer, 503, "outcome-pending")
    assert "Idempotency-Key" in told["detail"]
    assert int(answer.headers["retry-after"]) >= 1
    key = answer.headers["idempotency-key"]
    assert (key == "mine") is clients
    assert len(shaky.of(ann, TaskRequested)) == 0
    still_away = await shaky.post("/generate", ann, json=MUG, headers=keyed(key))
    assert still_away.status_code == 503
    await log.heal(late=late)
    repeats = [await _patiently(shaky, ann, key) for _ in range(2)]
    assert [answer.status_code for answer in repeats] == [202, 202]
    assert len({answer.json()["task_id"] for answer in repeats}) == 1
    assert len(shaky.of(ann, TaskRequested)) == 1
    assert await shaky.wallet(ann) == (9, 1)


@pytest.mark.parametrize("late", [False, True], ids=["lost", "written"])
async def test_a_death_between_append_and_answer(database: str, tmp_path: Path, late: bool) -> None:
    """The process dies with the append on its way. The next one answers the repeat: one task, one reservation."""
    log = ShakyLog()
    async with world(database, tmp_path, log=log, patience_s=2.0) as before:
        ann = await before.user()
        log.broken = True
        refused(await before.post("/generate", ann, json=MUG, headers=keyed("k")), 503, "outcome-pending")
    await log.heal(late=late)
    async with world(database, tmp_path, log=log) as here:
        answers = [await here.post("/generate", ann, json=MUG, headers=keyed("k")) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json()["task_id"] == answers[1].json()["task_id"]
        assert len(here.of(ann, TaskRequested)) == 1
        assert await here.wallet(ann) == (9, 1)


async def _patiently(here: World, ann: User, key: str) -> httpx.Response:
    """As a client does: again and again while the answer is 503."""
    answers: list[httpx.Response] = []

    async def decided() -> bool:
        answers.append(await here.post("/generate", ann, json=MUG, headers=keyed(key)))
        return answers[-1].status_code != 503

    await until(decided, "an answer")
    return answers[-1]


async def test_a_client_that_went_away_may_ask_again(here: World) -> None:
    """The command of a request whose client is gone is decided all the same, and found by its key."""
    ann = await here.user()
    call = asyncio.create_task(here.post("/generate", ann, json=MUG, headers=keyed("k")))
    for _ in range(3):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    answer = await here.post("/generate", ann, json=MUG, headers=keyed("k"))
    assert answer.status_code == 202
    assert len(here.of(ann, TaskRequested)) == 1
