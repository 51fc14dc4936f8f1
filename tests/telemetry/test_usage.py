"""What usage counts: valid records only, each once, by model and minute, whatever is delivered twice or left out."""

import asyncio
from collections import defaultdict
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.kafka import topics
from adapters.kafka.claims import claim_record
from adapters.kafka.port import NewRecord
from adapters.kafka.position import Position
from adapters.kafka.readrule import event_headers
from adapters.kafka.record import Record, encode_headers, encode_value, type_of
from domain.account import events as a
from domain.envelope import Envelope
from processors.metrics.reading import Reading
from processors.metrics.usage import FIELDS, OpenTask, Window, added, empty
from processors.metrics.views import document_of

TP = (topics.ACCOUNTS.name, 3)
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class Kept:
    """The tables as dictionaries."""

    def __init__(self) -> None:
        self.at: dict[int, Position] = {}
        self.open: defaultdict[int, dict[str, OpenTask]] = defaultdict(dict)
        self.counted: defaultdict[str, Window] = defaultdict(empty)
        self.dropped: list[float] = []

    def position(self, partition: int) -> Position:
        return self.at.get(partition, Position())

    def advance(self, partition: int, position: Position) -> None:
        self.at[partition] = position

    def tasks(self, partition: int) -> MutableMapping[str, OpenTask]:
        return self.open[partition]

    def add(self, partition: int, model: str, amounts: Window) -> None:
        self.counted[model] = added(self.counted[model], amounts)

    def drop(self, partition: int, before: float) -> int:
        self.dropped.append(before)
        return 0

    def shown(self, model: str) -> dict[str, float]:
        return dict(zip(FIELDS, self.counted[model], strict=True))


class History:
    """Records of one partition as its owner appends them; `forge` appends what nobody's ownership covers."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.seq = 0
        self._append(claim_record(TP, 1, "nonce", "http://owner"), START)

    def say(self, event: msgspec.Struct, second: float, *, forged: bool = False) -> None:
        self.seq += not forged
        at = START + timedelta(seconds=second)
        envelope = Envelope(
            id=f"id-{len(self.records)}",
            type=type_of(event),
            source="test",
            time=at,
            subject="x",
            actor="system",
            correlation_id="c",
        )
        owner = event_headers(9 if forged else 1, self.seq)
        self._append(NewRecord(b"account", encode_value(event), encode_headers(envelope) + owner, 0), at)

    def _append(self, record: NewRecord, at: datetime) -> None:
        offset, timestamp = len(self.records), int(at.timestamp() * 1000)
        self.records.append(Record(*TP, offset, timestamp, record.key, record.value, tuple(record.headers)))


def requested(task: str, model: str = "lathe/form") -> a.TaskRequested:
    return a.TaskRequested(
        task_id=task, kind="generate", model=model, model_version="1", price=2_000_000, reserved=2_000_000, seed=1
    )


def a_life() -> History:
    history = History()
    history.say(requested("t1"), 0)
    history.say(requested("t2"), 1)
    history.say(requested("t9"), 1, forged=True)
    history.say(a.TaskStarted(task_id="t1", attempt=1, worker_id="w", source_offset=1), 3)
    history.say(a.TaskCompleted(task_id="t1", attempt=1, outputs=(), charged=2_000_000, released=0, source_offset=2), 8)
    history.say(a.TaskCancelled(task_id="t2", attempt=1, reason="client", charged=0, released=2_000_000), 9)
    return history


def run(records: list[Record], kept: Kept, at: datetime = START) -> list[tuple[int, int]]:
    sought: list[tuple[int, int]] = []

    async def seek(partition: int, offset: int) -> None:
        sought.append((partition, offset))

    async def all_of_them() -> None:
        reading = Reading(kept, seek, at.timestamp)
        for record in records:
            await reading.take(record)

    asyncio.run(all_of_them())
    return sought


def test_a_life_is_counted_and_void_records_are_not() -> None:
    kept = Kept()
    assert run(a_life().records, kept) == []
    assert kept.shown("lathe/form") == {
        "requested": 2,
        "completed": 1,
        "failed": 0,
        "cancelled": 1,
        "credits": 2_000_000,
        "run_seconds": 5,
        "wait_seconds": 3,
    }
    assert kept.open[3] == {}


def test_what_is_delivered_again_is_not_counted_again() -> None:
    kept, records = Kept(), a_life().records
    run([*records[:4], *records[1:], *records], kept)
    assert kept.shown("lathe/form")["requested"] == 2
    assert kept.shown("lathe/form")["completed"] == 1


def test_behind_a_gap_the_reader_goes_back_to_where_the_tables_stand() -> None:
    kept, records = Kept(), a_life().records
    assert run(records[:2] + records[4:], kept) == [(3, 2)]
    assert kept.shown("lathe/form")["completed"] == 0
    run(records[2:], kept)
    assert kept.shown("lathe/form")["completed"] == 1


def test_a_record_that_cannot_be_read_is_passed_over() -> None:
    kept, history = Kept(), a_life()
    history.say(requested("t3"), 10)
    broken = msgspec.structs.replace(history.records[-1], value=b"{")
    history.say(requested("t4"), 11)
    run([*history.records[:-2], broken, history.records[-1]], kept)
    assert kept.shown("lathe/form")["requested"] == 3
    assert kept.position(3).offset == len(history.records)


def test_old_events_make_no_windows_and_old_windows_are_dropped() -> None:
    kept = Kept()
    later = START + timedelta(days=2)
    run(a_life().records, kept, later)
    assert dict(kept.counted) == {}
    assert kept.open[3] == {}
    assert kept.dropped == [later.timestamp() - 86_400]


def test_minutes_of_all_partitions_are_added_up() -> None:
    one = [1, 1, 0, 0, 1_500_000, 2.0, 0.5]
    told = document_of([("m", 60.0, one), ("m", 60.0, one), ("m", 120.0, one)], first=60.0, now=150.0)
    assert told["models"]["m"]["total"]["credits"] == 4.5
    assert [minute["requested"] for minute in told["models"]["m"]["minutes"]] == [2, 1]
    assert (told["from"], told["to"]) == (60, 150)
