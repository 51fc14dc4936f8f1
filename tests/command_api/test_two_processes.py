"""Two processes of the write side on one log: each forwards to the owner of a partition, by real HTTP."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.commands.wire import Answer
from adapters.kafka import topics
from adapters.kafka.memory import MemoryLog
from adapters.kafka.position import TP
from adapters.object_store.memory import MemoryStore
from domain.account.events import AccountOpened, TaskCancelled, TaskRequested
from tests.command_api.pictures import picture
from tests.command_api.world import PASSWORD, User, World, refused, until, world


def of_the_first(tp: TP) -> bool:
    """The first process owns the users, the catalog and the even partitions."""
    return tp[0] != topics.ACCOUNTS.name or tp[1] % 2 == 0


def of_the_second(tp: TP) -> bool:
    return not of_the_first(tp)


class Pair:
    """Both processes, and whichever of them owns a user's partition or does not."""

    def __init__(self, first: World, second: World) -> None:
        self.first, self.second = first, second

    def owner_of(self, user: User) -> World:
        return self.first if of_the_first(user.stream) else self.second

    def other_than_owner(self, user: User) -> World:
        return self.second if of_the_first(user.stream) else self.first


@asynccontextmanager
async def two(database: str, home: Path, **options: Any) -> AsyncIterator[Pair]:
    log, store = MemoryLog(), MemoryStore()
    async with (
        world(database, home, log=log, store=store, served=True, owning=of_the_first, **options) as first,
        world(database, home, log=log, store=store, served=True, owning=of_the_second, **options) as second,
    ):
        for here in (first, second):
            await here.parts.catalog.read_to_end()
            await until(lambda here=here: all(here.parts.host.directory.owner(tp) for tp in here.parts.host.owners),
                        "the directory")  # fmt: skip
        yield Pair(first, second)


@pytest.fixture
async def pair(database: str, tmp_path: Path) -> AsyncIterator[Pair]:
    async with two(database, tmp_path, patience_s=10) as running:
        yield running


async def test_everything_works_at_whichever_process_it_comes_to(pair: Pair) -> None:
    ann = await pair.second.user()
    away, home = pair.other_than_owner(ann), pair.owner_of(ann)
    task = await away.task(ann)
    upload = await away.post("/upload", ann, files={"file": ("a.png", picture(), "image/png")})
    assert upload.status_code == 201, upload.text
    by_image = await home.post("/generate", ann, json={"image_file_id": upload.json()["file_id"]})
    assert by_image.status_code == 202
    assert (await away.post(f"/generate/{task}/cancel", ann)).json()["status"] == "cancelled"
    retried = await away.post(f"/generate/{task}/retry", ann)
    assert (retried.status_code, retried.json()["parent"]) == (202, task)
    assert len(home.of(ann, AccountOpened)) == 1
    assert len(home.of(ann, TaskRequested)) == 3
    assert await home.wallet(ann) == await away.wallet(ann) == (7, 3)


async def test_refusals_travel_whole(pair: Pair) -> None:
    ann = await pair.first.user()
    away, home = pair.other_than_owner(ann), pair.owner_of(ann)
    task = await home.task(ann)
    for _ in range(9):
        await home.task(ann)
    with home.nothing_written():
        told = refused(await away.post("/generate", ann, json={"prompt": "a mug"}), 402, "insufficient-credits")
        assert (told["balance"], told["price"]) == (0, 1)
        quote = await away.post("/generate", ann, json={"prompt": "a mug", "max_credits": 0.5})
        assert refused(quote, 409, "price-changed")["quote"]["price"] == 1
        refused(await away.post("/generate", ann, json={"image_file_id": "x"}), 422, "invalid-input", "/image_file_id")
        refused(await away.post(f"/generate/{task}/retry", ann), 409, "wrong-state")
        taken = {"username": ann.username.upper(), "password": PASSWORD}
        refused(await pair.second.post("/auth/register", json=taken), 409, "already-exists", "/username")


async def test_48_one_key_at_two_processes_is_one_task(pair: Pair) -> None:
    ann = await pair.first.user()
    key = {"idempotency-key": "k"}
    answers = await asyncio.gather(
        *(here.post("/generate", ann, json={"prompt": "a mug"}, headers=key)
          for _ in range(10) for here in (pair.first, pair.second))
    )  # fmt: skip
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["task_id"] for answer in answers if answer.status_code == 202}) == 1
    assert len(pair.first.of(ann, TaskRequested)) == 1


async def test_51_the_last_credits_at_two_processes(database: str, tmp_path: Path) -> None:
    limits = {"requests_per_second": 1000}
    async with two(database, tmp_path, settings={"sign_up_credits": 3}, limits=limits) as pair:
        ann = await pair.first.user()
        answers = await asyncio.gather(
            *(here.post("/generate", ann, json={"prompt": "a mug"})
              for _ in range(20) for here in (pair.first, pair.second))
        )  # fmt: skip
        assert sorted(answer.status_code for answer in answers) == [202] * 3 + [402] * 37
        assert await pair.first.wallet(ann) == (0, 3)


async def test_login_right_after_registration_at_the_other(pair: Pair) -> None:
    for n in range(10):
        here, there = (pair.first, pair.second) if n % 2 else (pair.second, pair.first)
        body = {"username": f"quick-{uuid.uuid4().hex}", "password": PASSWORD}
        registered = await here.post("/auth/register", json=body)
        assert registered.status_code == 201
        tokens = await there.login(body["username"])
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await here.post("/generate", json={"prompt": "a mug"}, headers=headers)).status_code == 202


@pytest.mark.parametrize("what", ["the answer is lost", "the question too"])
async def test_a_forward_whose_answer_is_lost_is_settled(pair: Pair, what: str) -> None:
    """The owner applied it, but nobody heard: the outcome is asked for, and the client gets its 202."""
    ann = await pair.first.user()
    away, home = pair.other_than_owner(ann), pair.owner_of(ann)
    command, outcome = home.parts.gate.command, home.parts.gate.outcome
    lost: list[str] = []

    async def applied_and_silent(body: bytes) -> Answer:
        await command(body)
        lost.append("command")
        raise ConnectionResetError

    async def silent_once(body: bytes) -> Answer:
        if what == "the question too" and "question" not in lost:
            lost.append("question")
            raise ConnectionResetError
        return await outcome(body)

    home.parts.gate.command = applied_and_silent  # type: ignore[method-assign]
    home.parts.gate.outcome = silent_once  # type: ignore[method-assign]
    answer = await away.post("/generate", ann, json={"prompt": "a mug"})
    assert answer.status_code == 202, answer.text
    assert lost == (["command"] if what == "the answer is lost" else ["command", "question"])
    assert [event.task_id for event in home.of(ann, TaskRequested)] == [answer.json()["task_id"]]


async def test_a_partition_moves_while_requests_come(pair: Pair) -> None:
    """Every request is answered, each key is one task, and no credit is lost or doubled."""
    ann = await pair.first.user()
    tp = ann.stream
    tasks: dict[str, set[str]] = {}

    async def client(name: int, here: World) -> None:
        for n in range(6):
            key = f"{name}/{n}"
            answer = await _until_decided(here, ann, key)
            tasks.setdefault(key, set()).add(answer["task_id"])
            repeated = await _until_decided(here, ann, key)
            tasks[key].add(repeated["task_id"])
            cancelled = await here.post(f"/generate/{answer['task_id']}/cancel", ann)
            assert cancelled.status_code in (202, 503), cancelled.text

    async def moves() -> None:
        owner, other = pair.owner_of(ann), pair.other_than_owner(ann)
        for _ in range(4):
            other.parts.host.owners[tp].want(True)
            owner.parts.host.owners[tp].want(False)
            await until(lambda other=other: other.parts.host.owners[tp].claim is not None, "the takeover")
            owner, other = other, owner

    await asyncio.gather(moves(), *(client(n, (pair.first, pair.second)[n % 2]) for n in range(4)))
    assert len(tasks) == 24
    assert all(len(found) == 1 for found in tasks.values())
    requested = [event.task_id for event in pair.first.of(ann, TaskRequested)]
    assert sorted(requested) == sorted(task for found in tasks.values() for task in found)
    cancelled = len(pair.first.of(ann, TaskCancelled))
    assert await pair.first.wallet(ann) == (10 - 24 + cancelled, 24 - cancelled)


async def _until_decided(here: World, user: User, key: str) -> dict[str, Any]:
    answers: list[httpx.Response] = []

    async def decided() -> bool:
        answers.append(
            await here.post("/generate", user, json={"prompt": "a mug"}, headers={"idempotency-key": key})
        )  # fmt: skip
        return answers[-1].status_code not in (402, 503)

    await until(decided, "an answer")
    assert answers[-1].status_code == 202, answers[-1].text
    return dict(answers[-1].json())


async def test_a_process_that_is_gone_is_replaced(database: str, tmp_path: Path) -> None:
    """Nobody listens at the announced address any more: 503 and nothing written, until another one takes over."""
    log = MemoryLog()
    async with world(database, tmp_path, log=log, served=True) as before:
        ann = await before.user()
        body = {"prompt": "a mug"}
        first = await before.post("/generate", ann, json=body, headers={"idempotency-key": "k"})
    async with world(database, tmp_path, log=log, owning=lambda tp: tp != ann.stream, patience_s=2.0) as here:
        with here.nothing_written():
            answer = await here.post("/generate", ann, json=body)
            refused(answer, 503, "no-owner")
            assert answer.headers["retry-after"]
        assert (await here.http.get("/readyz")).status_code == 200  # somebody is still announced
        here.parts.host.owners[ann.stream].want(True)
        await until(lambda: here.parts.host.owners[ann.stream].claim is not None, "the takeover")
        again = await here.post("/generate", ann, json=body, headers={"idempotency-key": "k"})
        assert again.json()["task_id"] == first.json()["task_id"]
        assert len(here.of(ann, TaskRequested)) == 1
