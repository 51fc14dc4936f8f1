"""Every reader of a topic, as pure as it is: what they make of a history, and that none of them stumbles over it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from adapters.kafka import topics
from adapters.kafka.directory import Directory
from adapters.kafka.fold import PartitionFold
from adapters.kafka.follower import Entry, read
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Record, Undecodable
from adapters.kafka.requests import Request
from command_api.runs_feed import request_of
from domain.account.decider import AccountDecider
from domain.account.state import Accounts
from domain.catalog.decider import CatalogDecider
from domain.decider import Append
from domain.identity.decider import IdentityDecider
from domain.ownership import OwnerAnnounced
from domain.runs.events import DrainRequested, QueueChanged, RunCheckpointed, RunProgressed, WorkerBeat
from domain.scheduling.decider import SchedulingDecider
from domain.scheduling.fold import Place, fold
from domain.scheduling.state import SchedulerState
from processors.projections.batch import Batch
from processors.projections.registry import READ_MODELS
from query_api.latest import Latest
from tests.evolution.golden import Sample, sample

CLAIM: Final = "lathe.ownership.claimed.v1/1"
NOW: Final = datetime(2026, 11, 21, 10, tzinfo=UTC)
LATER: Final = 10
"""Where records of topics without owners stand: behind those that the samples of other topics speak of."""
OWNED: Final = {topic.name for topic in topics.ALL if topic.owned}


def partition_of(found: Sample) -> int:
    shared = {topic.name: topic.partitions for topic in topics.ALL}[found.topic] > 1
    is_claim = found.key.startswith("owner/")
    return int(found.key[6:]) if is_claim else topics.account_partition(found.key) if shared else 0


def entries_of(history: Sequence[Sample]) -> list[Entry]:
    """A history as a reader finds it: in each owned partition a claim comes first."""
    positions: dict[TP, Position] = defaultdict(Position)
    found: list[Entry] = []

    def take(record: Record) -> None:
        entry = read(positions[record.topic, record.partition], record)
        positions[record.topic, record.partition] = entry.after
        found.append(entry)

    for one in history:
        topic, partition = one.topic, partition_of(one)
        if topic in OWNED and (topic, partition) not in positions and one.name != CLAIM:
            take(msgspec.structs.replace(sample(CLAIM).record(partition, 0), topic=topic))
        elif topic not in OWNED:
            positions.setdefault((topic, partition), Position(LATER))
        take(one.record(partition, positions[topic, partition].offset))
    return found


def decoded(entry: Entry) -> tuple[Any, Any]:
    assert entry.decoded is not None
    assert not isinstance(entry.decoded, Undecodable), entry.decoded.why
    return entry.decoded


def owned(topic: topics.Topic, decider: Any) -> Callable[[list[Entry]], PartitionFold[Any]]:
    """The owner's fold, and the read models of the topic."""

    def reader(entries: list[Entry]) -> PartitionFold[Any]:
        mine = [entry for entry in entries if entry.record.topic == topic.name]
        folded: PartitionFold[Any] = PartitionFold((topic.name, mine[0].record.partition), decider)
        for entry in mine:
            assert entry.kind != "void"
            folded.apply(entry)
        assert folded.quarantined == set()
        if topic in READ_MODELS:
            assert [parked.why for parked in Batch(mine, set(), {}).parked] == []
        return folded

    return reader


def runs(entries: list[Entry]) -> None:
    """The account's owner decides on a run's event as on a command."""
    accounts: Accounts = owned(topics.ACCOUNTS, AccountDecider())(entries).state

    async def asked() -> Request | None:
        return request_of(entries[-1])

    request = asyncio.run(asked())
    if isinstance(decoded(entries[-1])[1], RunCheckpointed):
        assert request is None
        return
    assert request is not None
    assert isinstance(AccountDecider().decide(accounts, request.command, request.context), Append)


def progress(entries: list[Entry]) -> None:
    latest, (envelope, event) = Latest(), decoded(entries[-1])
    account_id = (entries[-1].record.key or b"").decode()
    if isinstance(event, RunProgressed):
        assert latest.progressed(event, envelope.time)
        assert latest.of(account_id, event.task_id, "running", event.attempt, "").progress == event.fraction
    else:
        assert isinstance(event, QueueChanged)
        latest.queue_changed(account_id, event)
        first = event.tasks[0]
        assert latest.of(account_id, first.task_id, "queued", 1, "").queue_position == first.position


def workers(entries: list[Entry]) -> None:
    event = decoded(entries[-1])[1]
    assert isinstance(event, WorkerBeat | DrainRequested)
    state = scheduled(entries)
    assert state.workers.keys() == {event.worker_id}
    assert state.workers[event.worker_id].drain_requested == isinstance(event, DrainRequested)


def owners(entries: list[Entry]) -> None:
    async def heard() -> None:
        event, log = decoded(entries[-1])[1], MemoryLog()
        assert isinstance(event, OwnerAnnounced)
        record = entries[-1].record
        assert record.key is not None
        assert record.value is not None
        await log.put((record.topic, 0), [NewRecord(record.key, record.value, list(record.headers), 0)])
        directory = Directory(log)
        await directory.start()
        claim = directory.owner((event.topic, event.partition))
        await directory.stop()
        assert claim is not None
        assert claim.address == event.address

    asyncio.run(heard())


def scheduled(entries: list[Entry]) -> SchedulerState:
    """The scheduler's fold of all that it follows."""
    state = SchedulerState()
    for entry in entries:
        if entry.kind == "event":
            envelope, event = decoded(entry)
            place = Place(entry.record.topic, entry.record.partition, entry.record.offset)
            fold(state, place, (entry.record.key or b"").decode(), event, envelope, NOW)
    return state


READERS: Final[dict[str, Callable[[list[Entry]], object]]] = {
    "lathe.identity": owned(topics.IDENTITY, IdentityDecider()),
    "lathe.catalog": owned(topics.CATALOG, CatalogDecider()),
    "lathe.accounts": owned(topics.ACCOUNTS, AccountDecider()),
    "lathe.assignments": owned(topics.ASSIGNMENTS, SchedulingDecider()),
    "lathe.runs": runs,
    "lathe.progress": progress,
    "lathe.workers": workers,
    "lathe.owners": owners,
}
