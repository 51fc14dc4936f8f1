"""Records in the log that no owner of ours would write (bad-inputs 54-60): a stream may end, the service goes on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.follower import read
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import event_headers
from adapters.kafka.record import encode_headers, encode_value, type_of
from domain.account.events import (
    AccountOpened,
    CreditsAdjusted,
    TaskCompleted,
    TaskFailed,
    TaskRequested,
    TaskStarted,
)
from domain.envelope import Envelope
from domain.identity.events import UserRegistered, UserRoleChanged
from domain.runs.events import RunFailed, RunStarted, RunSucceeded
from tests.command_api.test_generate import OUTPUT, broke, succeeded
from tests.command_api.world import PASSWORD, User, World, refused, until, world

GIFT = CreditsAdjusted(amount=5_000_000, reason="gift")
Headers = list[tuple[str, bytes]]


def written_by_an_owner(log: MemoryLog, tp: TP) -> Headers:
    """The headers that make the next record of a partition a valid one."""
    position = Position()
    for record in log.partitions[tp]:
        position = read(position, record).after
    return event_headers(position.epoch, position.seq + 1)


async def put_as_owner(log: MemoryLog, tp: TP, key: bytes | None, value: bytes | None, headers: Headers) -> None:
    await put(log, tp, key, value, headers + written_by_an_owner(log, tp))


def enveloped(event: msgspec.Struct, **fields: Any) -> Headers:
    given: dict[str, Any] = {
        "id": new_id(), "type": type_of(event), "source": "lathe/forged", "time": datetime.now(UTC), "subject": "x",
        "actor": "user/forged", "correlation_id": "forged", "stream_version": 2,
    }  # fmt: skip
    return encode_headers(Envelope(**(given | fields)))


def without(headers: Headers, name: str) -> Headers:
    return [header for header in headers if header[0] != name]


async def put(log: MemoryLog, tp: TP, key: bytes | None, value: bytes | None, headers: Headers) -> None:
    record: Any = NewRecord(b"", b"", headers, 0)
    await log.put(tp, [msgspec.structs.replace(record, key=key, value=value)])


POISONS: dict[str, tuple[bytes | None, Headers]] = {
    "54 not JSON": (b"\xff{", enveloped(GIFT)),
    "54 empty": (b"", enveloped(GIFT)),
    "54 tombstone": (None, enveloped(GIFT)),
    "54 no envelope": (encode_value(GIFT), []),
    "55 unknown type": (encode_value(GIFT), enveloped(GIFT, type="lathe.moon.landed.v1")),
    "55 newer version": (encode_value(GIFT), enveloped(GIFT, type="lathe.credits.adjusted.v2")),
    "56 a field is missing": (b'{"reason":"gift"}', enveloped(GIFT)),
    "56 a field is null": (b'{"amount":null,"reason":"gift"}', enveloped(GIFT)),
    "56 a field of another type": (b'{"amount":"5","reason":"gift"}', enveloped(GIFT)),
    "56 no id": (encode_value(GIFT), without(enveloped(GIFT), "ce_id")),
    "58 no time zone": (
        encode_value(GIFT),
        [*without(enveloped(GIFT), "ce_time"), ("ce_time", b"2030-01-01T00:00:00")],
    ),
    "58 no time": (encode_value(GIFT), [*without(enveloped(GIFT), "ce_time"), ("ce_time", b"now")]),
    "57 a task that was never requested": (
        encode_value(TaskStarted(task_id="x", attempt=1, worker_id="w", source_offset=0)),
        enveloped(TaskStarted(task_id="x", attempt=1, worker_id="w", source_offset=0)),
    ),
}


@pytest.fixture
async def patient(database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, tmp_path, settings={"sign_up_credits": 40}, limits={"max_queued": 100}) as here:
        yield here


async def test_54_to_58_a_poisoned_stream_ends_and_its_neighbours_go_on(patient: World) -> None:
    here = patient
    bob = await here.user("bob")
    for name, (value, headers) in POISONS.items():
        ann = await here.user()
        tp = (topics.ACCOUNTS.name, ann.partition)
        task = await here.task(ann)
        await put_as_owner(here.log, tp, ann.account_id.encode(), value, headers)
        for path, body in (("/generate", {"prompt": "a mug"}), (f"/generate/{task}/cancel", None)):
            answer = await here.post(path, ann, json=body)
            assert answer.status_code == 503, name
            refused(answer, 503, "stream-quarantined")
            assert answer.headers["retry-after"], name
        neighbour = await a_neighbour(here, ann)
        before = await here.wallet(neighbour)
        assert (await here.post("/generate", neighbour, json={"prompt": "a mug"})).status_code == 202, name
        assert await here.wallet(neighbour) == (before[0] - 1, before[1] + 1), name
        assert (await here.post("/generate", bob, json={"prompt": "a mug"})).status_code == 202, name


async def a_neighbour(here: World, user: User) -> User:
    """Another user in the same partition."""
    while True:
        body = {"username": f"n-{new_id()}", "password": PASSWORD}
        told = (await here.post("/auth/register", json=body)).json()
        if topics.account_partition(told["uuid"]) == user.partition:
            tokens = await here.login(body["username"])
            return User(told["id"], told["uuid"], body["username"], tokens["access_token"], "")


async def test_57_beginnings_that_come_twice(here: World) -> None:
    """An account opened again would forget its tasks, a task requested again would be paid for again."""
    for kind in (AccountOpened, TaskRequested):
        ann = await here.user()
        await here.task(ann)
        again = here.of(ann, kind)[0]
        key = ann.account_id.encode()
        await put_as_owner(here.log, ann.stream, key, encode_value(again), enveloped(again))
        refused(await here.post("/generate", ann, json={"prompt": "a mug"}), 503, "stream-quarantined")
        account = here.parts.host.owners[ann.stream].fold.state.accounts[ann.account_id]
        assert (account.wallet.balance, account.wallet.reserved) == (9_000_000, 1_000_000)


async def test_57_a_user_registered_twice_is_not_taken_over(here: World) -> None:
    """A second registration under the first one's id, with other rights."""
    ann = await here.user()
    tp = (topics.IDENTITY.name, 0)
    _, event = here.events(tp, str(ann.user_id))[0]
    assert isinstance(event, UserRegistered)
    stolen = msgspec.structs.replace(event, password_hash=None, role="admin", account_id=new_id())
    await put_as_owner(here.log, tp, str(ann.user_id).encode(), encode_value(stolen), enveloped(stolen))
    user = (await here.parts.users.read_to_end()).by_id(ann.user_id)
    assert user is not None
    assert (user.role, user.account_id) == ("user", ann.account_id)
    assert await here.login(ann.username)


async def test_56_a_null_key_harms_nobody(here: World) -> None:
    ann = await here.user()
    tp = ann.stream
    await put_as_owner(here.log, tp, None, encode_value(GIFT), enveloped(GIFT))
    await here.task(ann)
    assert await here.wallet(ann) == (9, 1)


async def test_60_forged_owner_headers_change_nothing(here: World) -> None:
    ann = await here.user()
    tp = ann.stream
    right = written_by_an_owner(here.log, tp)
    forged: list[Headers] = [
        [], right[:1], right[1:], event_headers(1, 1), event_headers(99, 1), event_headers(0, 0),
        [("ce_ownerepoch", b"1"), ("ce_ownerseq", b"-2")], [("ce_ownerepoch", b"x"), ("ce_ownerseq", b"2")],
        [*right, ("ce_ownerepoch", b"1")],
    ]  # fmt: skip
    for headers in forged:
        await put(here.log, tp, ann.account_id.encode(), encode_value(GIFT), enveloped(GIFT) + headers)
    assert await here.wallet(ann) == (10, 0)
    await here.task(ann)
    assert await here.wallet(ann) == (9, 1)


async def test_58_times_in_1970_and_in_the_future(here: World) -> None:
    ann = await here.user()
    tp = ann.stream
    for year in (1970, 9000):
        headers = enveloped(GIFT, time=datetime.now(UTC).replace(year=year, day=1))
        await put_as_owner(here.log, tp, ann.account_id.encode(), encode_value(GIFT), headers)
    task = (await here.post("/generate", ann, json={"prompt": "a mug"})).json()
    assert abs(datetime.fromisoformat(task["created_at"]) - datetime.now(UTC)) < timedelta(minutes=5)
    assert await here.wallet(ann) == (19, 1)


async def test_54_a_poisoned_user_stops_registrations_and_nothing_else(here: World) -> None:
    """While a user's history cannot be read, nobody knows which names are taken."""
    ann, bob = await here.user(), await here.user("bob")
    tp = (topics.IDENTITY.name, 0)
    event = UserRoleChanged(role="admin")
    await put_as_owner(here.log, tp, str(bob.user_id).encode(), b"not JSON", enveloped(event))
    body = {"username": "a-new-one", "password": PASSWORD}
    refused(await here.post("/auth/register", json=body), 503, "stream-quarantined")
    with here.nothing_written():
        refused(await here.post("/auth/register", json=body), 503, "stream-quarantined")
    assert await here.login(ann.username)
    assert await here.login(bob.username)


async def test_57_run_events_doubled_reordered_and_foreign(here: World) -> None:
    """`lathe.runs` has many writers: whatever stands there, a task ends once and pays once."""
    ann, bob = await here.user(), await here.user("bob")
    good, bad = await here.task(ann), await here.task(ann)
    his = await here.task(bob)
    runs: TP = (topics.RUNS.name, ann.partition)
    garbage: list[tuple[bytes | None, Headers]] = [
        (b"\xff", []),
        (b"", enveloped(GIFT)),
        (None, []),
        (b"{}", enveloped(succeeded(good))),
        (b"{}", [("ce_type", b"lathe.run.succeeded.v9")]),
        (encode_value(GIFT), enveloped(GIFT)),
    ]
    for value, headers in garbage:
        for key in (ann.account_id.encode(), None, b"\xff"):
            await put(here.log, runs, key, value, headers)
    foreign = RunSucceeded(task_id=his, attempt=1, sequence=1, worker_id="w", outputs=(OUTPUT,))
    await here.run_says(ann, his, foreign)
    for attempt in (0, 2, 99):
        await here.run_says(ann, good, msgspec.structs.replace(succeeded(good), attempt=attempt))
    for event in (succeeded(good), broke(good), succeeded(good)):
        await here.run_says(ann, good, event)
    await here.run_says(ann, good, RunStarted(task_id=good, attempt=1, sequence=1, worker_id="w", device="cpu"))
    for event in (broke(bad), broke(bad), succeeded(bad)):
        await here.run_says(ann, bad, event)
    await until(lambda: here.of(ann, TaskFailed), "the last end")
    last = await here.task(ann)
    await here.run_says(ann, last, RunFailed(**msgspec.structs.asdict(broke(last))))
    await until(lambda: len(here.of(ann, TaskFailed)) == 2, "the feed goes on")
    assert [event.task_id for event in here.of(ann, TaskCompleted)] == [good]
    assert [event.task_id for event in here.of(ann, TaskFailed)] == [bad, last]
    assert await here.wallet(ann) == (9, 0)
    assert await here.status(bob, his) == "queued"


async def test_59_an_event_over_the_largest_is_refused(database: str, tmp_path: Path) -> None:
    async with world(database, tmp_path, limits={"max_prompt_chars": 1_000_000}) as here:
        ann = await here.user()
        with here.nothing_written():
            refused(await here.post("/generate", ann, json={"prompt": "x" * 60_000}), 422, "invalid-input")
        answers = await asyncio.gather(
            *(here.post("/generate", ann, json={"prompt": "x" * size}) for size in (10, 100_000, 20))
        )
        assert [answer.status_code for answer in answers] == [202, 422, 202]
        assert await here.wallet(ann) == (8, 2)
