"""Old versions of an event are read as the newest one; the rest of the code never sees them."""

import json
from functools import partial
from typing import Any

import msgspec
import pytest

from adapters.contract.gate import breaking, findings
from adapters.contract.landed import present
from adapters.kafka import follower
from adapters.kafka.record import Known, Record, Undecodable, decode, known_types
from domain.account.events import Event, TaskRetried
from domain.registry import EVENTS
from domain.upcasting import UPCASTERS, NoWay, Upcaster, way
from tests.evolution.golden import sample
from tests.evolution.readers import READERS, decoded, entries_of, partition_of

NEW, OLD, OLDEST = "lathe.task.retried.v3", "lathe.task.retried.v2", "lathe.task.retried.v1"
GOLDEN = sample("lathe.task.retried.v1/1")


def counted_from_one(value: dict[str, Any]) -> dict[str, Any]:
    """An invented v1 counted attempts from 0, under another name."""
    return {name: item for name, item in value.items() if name != "try"} | {"attempt": value["try"] + 1}


def with_a_reason(value: dict[str, Any]) -> dict[str, Any]:
    """An invented v2 gave no reason."""
    return value | {"reason": "lease-expired"}


UPCAST = {OLDEST: Upcaster(OLD, counted_from_one), OLD: Upcaster(NEW, with_a_reason)}
WROTE = {
    OLDEST: {"task_id": GOLDEN.value["task_id"], "try": 1, "source_offset": 1},
    OLD: {"task_id": GOLDEN.value["task_id"], "attempt": 2, "source_offset": 1},
    NEW: GOLDEN.value,
}


@pytest.fixture
def known() -> Known:
    """A release in which TaskRetried has come to its third version."""
    events = {name: event for name, event in EVENTS.items() if event is not TaskRetried} | {NEW: TaskRetried}
    return known_types(events, UPCAST)


def record_of(name: str, value: object = None) -> Record:
    headers = GOLDEN.headers | {"ce_type": name}
    one = msgspec.structs.replace(GOLDEN, headers=headers, value=WROTE[name])
    record = one.record(partition_of(one), 4)
    return record if value is None else msgspec.structs.replace(record, value=json.dumps(value).encode())


@pytest.mark.parametrize("name", WROTE)
def test_every_version_is_read_as_the_newest(name: str, known: Known) -> None:
    found = decode(record_of(name), known)
    assert isinstance(found, tuple), found
    envelope, event = found
    assert envelope.type == NEW
    assert event == TaskRetried(task_id=WROTE[NEW]["task_id"], attempt=2, reason="lease-expired", source_offset=1)


def test_an_old_record_is_folded_by_every_reader(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "decode", partial(decode, known=known))
    old = msgspec.structs.replace(GOLDEN, headers=GOLDEN.headers | {"ce_type": OLDEST}, value=WROTE[OLDEST])
    entries = entries_of([*GOLDEN.history()[:-1], old])
    assert decoded(entries[-1])[0].type == NEW
    READERS[old.topic](entries)


@pytest.mark.parametrize("value", [{"task_id": "t"}, {"task_id": "t", "try": "one"}, [1], {"task_id": 5, "try": 1}])
def test_what_cannot_be_upcast_is_undecodable(value: object, known: Known) -> None:
    found = decode(record_of(OLDEST, value), known)
    assert isinstance(found, Undecodable)
    assert found.why


def test_a_type_without_an_upcaster_is_decoded_as_before() -> None:
    """By msgspec alone: an upcaster costs only the type that has it."""
    for _, decoder in known_types(EVENTS, {}).values():
        assert type(decoder) is msgspec.json.Decoder


def test_a_registry_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(NoWay, match="neither known"):
        way(OLDEST, {}, UPCAST)
    with pytest.raises(NoWay, match="circle"):
        way(OLDEST, {}, {OLDEST: Upcaster(OLD, dict), OLD: Upcaster(OLDEST, dict)})
    with pytest.raises(NoWay, match="still read"):
        known_types(EVENTS, {OLDEST: Upcaster(NEW, dict)})


def test_the_gate_accepts_a_next_version_with_an_upcaster_only() -> None:
    now = present()
    landed = {OLDEST: {1: now[OLDEST]}}
    newest = {NEW: now[OLDEST]}
    assert [found.type for found in breaking(findings(landed, newest))] == [OLDEST]
    assert breaking(findings(landed, newest, UPCAST.keys())) == []


def test_the_upcasters_of_this_release_lead_to_what_it_reads() -> None:
    for old in UPCASTERS:
        newest, _ = way(old, EVENTS, UPCASTERS)
        assert issubclass(EVENTS[newest], Event)
