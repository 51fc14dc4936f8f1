"""Snapshots of owners: what they are good for, and when they are not used."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.commands.client import CommandClient
from adapters.errors import DependencyDown
from adapters.kafka.cluster import LogIdentity
from adapters.kafka.host import Host
from adapters.kafka.keeping import FEW
from adapters.kafka.memory import MemoryAppender, MemoryLog, MemoryReader
from adapters.kafka.port import AppendFailed, NewRecord
from adapters.kafka.position import TP
from adapters.kafka.readrule import event_headers
from adapters.kafka.snapshot import opened, take
from adapters.kafka.snapshots import Snapshots
from adapters.object_store.memory import MemoryStore
from adapters.object_store.port import ObjectMissing
from tests.log.ledger import Ledger
from tests.log.test_owner import AT, TOPIC, adjusted, balance, context
from tests.log.test_owner import opened as account_opened

EVERY = 10
IDENTITY = LogIdentity("cluster", {TOPIC.name: "topic"})


class WatchedLog(MemoryLog):
    """Remembers where its readers of the partition began."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []

    async def reader(self, start: Any) -> MemoryReader:
        if AT in start:
            self.begun.append(start[AT])
        return await super().reader(start)


def snapshots(store: Any, log: MemoryLog, identity: LogIdentity = IDENTITY) -> Snapshots:
    async def identify() -> LogIdentity:
        return identity

    return Snapshots(store, log, identify, EVERY)


@asynccontextmanager
async def owning(
    log: MemoryLog, store: Any, decider: Any = None, identity: LogIdentity = IDENTITY
) -> AsyncIterator[tuple[CommandClient, Host]]:
    host = Host(
        log,
        {TOPIC: decider or Ledger()},
        address="http://here",
        source="test",
        group=None,
        snapshots=snapshots(store, log, identity),
    )
    client = CommandClient(host.directory, b"key", host)
    await host.start()
    try:
        yield client, host
    finally:
        await client.stop()
        await host.stop()


async def names(store: MemoryStore) -> list[int]:
    """The offsets that the snapshots reach."""
    return [int(key.rpartition("/")[2].partition("-")[0]) for key in await store.keys("snapshots/")]


async def until_there(store: MemoryStore, offset: int) -> None:
    async with asyncio.timeout(20):
        while not any(reached >= offset for reached in await names(store)):
            await asyncio.sleep(0.005)


async def spend(client: CommandClient, times: int) -> None:
    for _ in range(times):
        await client.send(TOPIC, 0, adjusted(-1), context())


async def written(events: int = 2 * EVERY) -> tuple[WatchedLog, MemoryStore]:
    """A log whose last owner took snapshots; the claim stands at 0, the account's opening at 1."""
    log, store = WatchedLog(), MemoryStore()
    async with owning(log, store) as (client, _):
        await client.send(TOPIC, 0, account_opened(granted=1000), context())
        await spend(client, events)
        await until_there(store, 2 * EVERY)
    log.begun.clear()
    return log, store


async def test_a_new_owner_begins_with_the_snapshot() -> None:
    log, store = await written(2 * EVERY + 3)
    async with owning(log, store) as (client, host):
        assert await balance(client) == 1000 - 2 * EVERY - 3
        assert log.begun[0] in await names(store)
        assert log.begun[0] >= 2 * EVERY
        assert host.owners[AT].fold.versions == {"a": 2 * EVERY + 4}


async def test_the_latest_two_are_kept() -> None:
    log, store = await written()
    async with owning(log, store) as (client, _):
        for _ in range(4):
            await spend(client, EVERY)
            await until_there(store, len(log.partitions[AT]) - EVERY)
    kept = await names(store)
    assert len(kept) == 2
    assert kept[-1] > len(log.partitions[AT]) - 2 * EVERY


async def test_an_orderly_end_leaves_hardly_anything_to_read() -> None:
    log, store = MemoryLog(), MemoryStore()
    host = Host(
        log,
        {TOPIC: Ledger()},
        address="http://here",
        source="test",
        group=None,
        snapshots=Snapshots(store, log, snapshots(store, log)._identify, 10**9),
    )
    client = CommandClient(host.directory, b"key", host)
    await host.start()
    await client.send(TOPIC, 0, account_opened(granted=1000), context())
    await spend(client, FEW)
    assert await names(store) == []
    await client.stop()
    await host.stop()
    assert await names(store) == [len(log.partitions[AT])]


async def test_nothing_unacknowledged_is_in_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """An append whose ack does not come, and then fails: its events are in no snapshot until they were read."""
    log, store = await written()
    good = MemoryAppender.append
    asked, fail = asyncio.Event(), asyncio.Event()

    async def without_ack(self: MemoryAppender, tp: TP, records: Sequence[NewRecord]) -> int:
        if tp != AT or fail.is_set() or ("ce_ownerseq", b"0") in records[0].headers:
            return await good(self, tp, records)
        asked.set()
        await fail.wait()
        raise AppendFailed("no ack")  # and it never arrived

    async with owning(log, store) as (client, host):
        assert await balance(client) == 1000 - 2 * EVERY
        owner = host.owners[AT]
        monkeypatch.setattr(MemoryAppender, "append", without_ack)
        end = len(log.partitions[AT])
        calls = [asyncio.create_task(client.send(TOPIC, 0, adjusted(-1), context())) for _ in range(3 * EVERY)]
        await asked.wait()
        assert owner.fold.state.balances["a"] < 1000 - 2 * EVERY
        owner._changed.set()
        for _ in range(100):
            await asyncio.sleep(0)
        assert max(await names(store)) <= end
        fail.set()
        answers = await asyncio.gather(*calls)
        assert await balance(client) == 1000 - 5 * EVERY
        assert all(int(answer.position.rpartition("@")[2]) >= end for answer in answers)
    for key in await store.keys("snapshots/"):
        snapshot, _ = opened(await store.get(key, 10**9))
        valid = log.partitions[AT][: snapshot.position.offset]
        assert valid[-1].by_name["ce_id"].decode() == snapshot.last_record


async def spoil(store: MemoryStore, key: str, how: str) -> None:
    content = await store.get(key, 10**9)
    spoilt = {
        "cut": content[: len(content) // 2],
        "flipped": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        "empty": b"",
        "other": b"not a snapshot" * 20,
    }[how]
    await store.put_bytes(key, spoilt, "application/octet-stream")


@pytest.mark.parametrize("how", ["cut", "flipped", "empty", "other"])
async def test_a_damaged_snapshot_is_passed_over(how: str) -> None:
    log, store = await written()
    keys = await store.keys("snapshots/")
    offsets = await names(store)
    await spoil(store, keys[-1], how)
    async with owning(log, store) as (client, _):
        assert await balance(client) == 1000 - 2 * EVERY
    assert log.begun[0] == offsets[-2]
    for key in set(await store.keys("snapshots/")) - {keys[-1]}:
        await spoil(store, key, how)
    async with owning(log, store) as (client, _):
        assert await balance(client) == 1000 - 2 * EVERY
    assert log.begun[-1] == 0


class Later(Ledger):
    fold = 2


async def test_a_snapshot_of_another_version_is_not_used() -> None:
    log, store = await written()
    async with owning(log, store, Later()) as (client, _):
        assert await balance(client) == 1000 - 2 * EVERY
        assert log.begun == [0]
        await spend(client, 3 * EVERY)
        await until_there(store, 4 * EVERY)
    async with owning(log, store, Later()) as (client, _):
        assert await balance(client) == 1000 - 5 * EVERY
        assert log.begun[-1] > 0


async def test_another_releases_snapshots_go_when_two_of_this_one_reach_further() -> None:
    """Whoever goes back then reads from the beginning. What reaches further is not taken away by what reaches less."""
    log, store = await written()
    before = set(await store.keys("snapshots/"))
    async with owning(log, store, Later()):
        await until_there(store, len(log.partitions[AT]) - 1)
    assert before < set(await store.keys("snapshots/"))
    log.begun.clear()
    async with owning(log, store) as (client, host):
        assert await balance(client) == 1000 - 2 * EVERY
        assert log.begun[0] > 0
        late = take(host.owners[AT].fold, host.owners[AT].fold.position, "any")
    async with owning(log, store, Later()) as (client, _):
        await spend(client, EVERY)
        await until_there(store, 3 * EVERY)
    further = set(await store.keys("snapshots/"))
    assert not before & further
    assert await snapshots(store, log).save(late)
    assert further < set(await store.keys("snapshots/"))
    (written_late,) = set(await store.keys("snapshots/")) - further
    await store.delete(written_late)
    log.begun.clear()
    async with owning(log, store) as (client, _):
        assert await balance(client) == 1000 - 3 * EVERY
        assert log.begun[0] == 0


@pytest.mark.parametrize(
    "identity", [LogIdentity("another", {TOPIC.name: "topic"}), LogIdentity("cluster", {TOPIC.name: "made anew"})]
)
async def test_a_snapshot_of_another_log_is_not_used(identity: LogIdentity) -> None:
    log, store = await written()
    async with owning(log, store, identity=identity) as (client, _):
        assert await balance(client) == 1000 - 2 * EVERY
    assert log.begun == [0]


async def test_a_log_that_was_cut_is_read_from_its_beginning() -> None:
    log, store = await written()
    del log.partitions[AT][EVERY - 1 :]
    async with owning(log, store) as (client, _):
        assert await balance(client) == 1000 - EVERY + 3
    assert log.begun == [0]


async def test_a_log_that_went_on_otherwise_is_read_from_its_beginning() -> None:
    log, store = await written()
    length = len(log.partitions[AT])
    del log.partitions[AT][EVERY - 1 :]
    async with owning(log, MemoryStore()) as (client, _):
        await spend(client, length)
    log.begun.clear()
    async with owning(log, store) as (client, _):
        assert await balance(client) == 1000 - EVERY + 3 - length
    assert log.begun == [0]


class Faulty(MemoryStore):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def keys(self, prefix: str) -> list[str]:
        raise self.error

    async def put_bytes(self, key: str, content: bytes, media_type: str) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error", [DependencyDown("It does not answer.", dependency="object_store"), ObjectMissing("the bucket")]
)
async def test_without_the_store_everything_works(error: Exception) -> None:
    log, _ = await written()
    async with owning(log, Faulty(error)) as (client, _):
        await spend(client, 2 * EVERY)
        assert await balance(client) == 1000 - 4 * EVERY
    assert log.begun == [0]


async def test_no_snapshot_is_taken_while_a_stream_is_quarantined() -> None:
    """Whether its record can be folded by another release is to be found out."""
    log, store = MemoryLog(), MemoryStore()
    async with owning(log, MemoryStore()) as (client, _):
        await client.send(TOPIC, 0, account_opened(granted=1000), context())
    await log.put(AT, [NewRecord(b"bad", b"not json", event_headers(1, 2), 0)])
    async with owning(log, store) as (client, _):
        await spend(client, 3 * EVERY)
    assert await names(store) == []


async def test_an_open_outcome_is_looked_for_before_the_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The append was told as failed and stands in the log; another owner's snapshot reaches beyond it."""
    log, store = WatchedLog(), MemoryStore()
    good = MemoryAppender.append
    landed = asyncio.Event()
    beyond = asyncio.Event()

    async def land_and_fail(self: MemoryAppender, tp: TP, records: Sequence[NewRecord]) -> int:
        base = await good(self, tp, records)
        if tp == AT and not landed.is_set() and ("ce_ownerseq", b"0") not in records[0].headers:
            landed.set()
            await beyond.wait()
            raise AppendFailed("no ack")
        return base

    async with owning(log, store) as (client, _):
        await client.send(TOPIC, 0, account_opened(granted=1000), context())
        monkeypatch.setattr(MemoryAppender, "append", land_and_fail)
        call = asyncio.create_task(client.send(TOPIC, 0, adjusted(-1), context()))
        await landed.wait()
        lost = len(log.partitions[AT])
        async with owning(log, store) as (there, _):
            await spend(there, 2 * EVERY)
            await until_there(store, lost + 1)
        log.begun.clear()
        beyond.set()
        answer = await call
        assert answer.position == f"{TOPIC.name}:0@{lost - 1}"
        assert log.begun[0] < lost
        assert await balance(client) == 1000 - 1 - 2 * EVERY


async def test_what_a_command_led_to_is_known_after_a_snapshot() -> None:
    log, store = WatchedLog(), MemoryStore()
    asked = context()
    async with owning(log, store) as (client, _):
        await client.send(TOPIC, 0, account_opened(granted=1000), context())
        applied = await client.send(TOPIC, 0, adjusted(-5), asked)
        await spend(client, 2 * EVERY)
        await until_there(store, 2 * EVERY)
    async with owning(log, store) as (client, host):
        assert await balance(client) == 1000 - 5 - 2 * EVERY
        owner = host.owners[AT]
        assert owner.claim is not None
        assert log.begun[-1] > 0
        async with asyncio.timeout(20):
            while (told := await owner.outcome(asked.command_id, 1)) == "open":
                await asyncio.sleep(0.005)
        assert not isinstance(told, str)
        assert (told.position, told.event_id) == (applied.position, asked.event_id)
        assert told.view == {"balance": 1000 - 5 - 2 * EVERY}


async def test_snapshots_of_a_longer_log_that_was_here_before_displace_none() -> None:
    """As after a restore: those that the store still has reach further than the log does for a long while."""
    _, store = await written(6 * EVERY)
    log = WatchedLog()
    restored = LogIdentity("cluster", {TOPIC.name: "made anew"})
    async with owning(log, store, identity=restored) as (client, _):
        await client.send(TOPIC, 0, account_opened(granted=1000), context())
        await spend(client, 2 * EVERY)
    async with owning(log, store, identity=restored) as (client, _):
        assert await balance(client) == 1000 - 2 * EVERY
    assert log.begun[-1] >= 2 * EVERY


class Pruned(MemoryStore):
    """Another release, which took over, takes every snapshot away as soon as it is there, and has its own."""

    async def put_bytes(self, key: str, content: bytes, media_type: str) -> None:
        await super().put_bytes(f"{key.rpartition('/')[0]}/{10**6:020d}-another", b"", media_type)


async def test_a_late_snapshot_that_is_taken_away_is_no_failure() -> None:
    log, store = MemoryLog(), Pruned()
    async with owning(log, store) as (client, host):
        await client.send(TOPIC, 0, account_opened(granted=1000), context())
        fold = host.owners[AT].fold
        assert await snapshots(store, log).save(take(fold, fold.position, ""))


async def test_a_state_that_cannot_be_written_is_decided_on() -> None:
    """MessagePack has no numbers beyond 64 bits; JSON, and so the log, has them."""
    log, store = MemoryLog(), MemoryStore()
    async with owning(log, store) as (client, _):
        await client.send(TOPIC, 0, account_opened(granted=1 << 70), context())
        await spend(client, 3 * EVERY)
        assert await balance(client) == (1 << 70) - 3 * EVERY
    assert await names(store) == []
