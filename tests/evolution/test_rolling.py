"""Rolling upgrades: releases N and N+1 run side by side. Fields may be added freely; an event is read before it is
written.
"""

import copy
import json
import re
from functools import partial
from typing import Any

import msgspec
import pytest

from adapters.contract.landed import present
from adapters.kafka import follower, record, topics
from adapters.kafka.fold import PartitionFold
from adapters.kafka.follower import Entry
from adapters.kafka.record import NotWrittenYet, Undecodable, decode, encode_value, known_types, type_of
from command_api.runs_feed import request_of
from domain.account.decider import AccountDecider
from domain.account.events import TaskRetried
from domain.account.state import Accounts
from domain.registry import EVENTS
from domain.scheduling.fold import Place, fold
from domain.scheduling.state import SchedulerState
from processors.projections.batch import Batch
from processors.reactors.reactor import reactions_to
from tests.evolution.golden import NAMES, Sample, sample
from tests.evolution.readers import NOW, entries_of

NEWCOMER = "lathe.task.retried.v1"
"""Taken for an event that N does not know."""
ID = re.compile(r"(\w{8}-\w{4}-7\w{3}-\w{4}-\w{11})\w")


def with_unknown_fields(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """What N+1 writes: in every struct, at every depth, a field more."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    for branch in schema.get("anyOf", ()):
        if "$ref" in branch and isinstance(value, dict):
            return with_unknown_fields(value, branch, root)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [with_unknown_fields(item, schema["items"], root) for item in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    known = schema["properties"]
    return {name: with_unknown_fields(item, known[name], root) for name, item in value.items()} | {
        "of_the_next_release": {"any": ["thing"]}
    }


@pytest.mark.parametrize("name", NAMES)
def test_n_passes_over_fields_of_the_next_release(name: str) -> None:
    one = sample(name)
    schema = present()[one.type]
    richer = msgspec.structs.replace(one, value=with_unknown_fields(copy.deepcopy(one.value), schema, schema))
    assert richer.value != one.value
    assert decode(richer.record(0, 0)) == decode(one.record(0, 0))
    unknown_header = msgspec.structs.replace(one, headers=one.headers | {"ce_ofthenextrelease": "1"})
    assert decode(unknown_header.record(0, 0)) == decode(one.record(0, 0))


def of_another_account(one: Sample) -> Sample:
    """The same with other ids, in another stream of the same partition."""
    key = next(key for n in range(1000) if topics.account_partition(key := f"other-{n}") ==
               topics.account_partition(one.key))  # fmt: skip
    return msgspec.structs.replace(one, key=key, value=json.loads(ID.sub(r"\1f", json.dumps(one.value))))


def mixed() -> list[Sample]:
    """Two accounts in one partition; the event that N does not know is in the middle of the first one's life."""
    after = sample("lathe.credits.adjusted.v1/1")
    first = [*sample(f"{NEWCOMER}/1").history(), after]
    second = [of_another_account(one) for one in (*sample("lathe.task.completed.v1/1").history(), after)]
    return [
        msgspec.structs.replace(
            one, headers=one.headers | {"ce_ownerseq": str(2 * i + j + 1), "ce_streamversion": str(i + 1)}
        )
        for i, pair in enumerate(zip(first, second, strict=True))
        for j, one in enumerate(pair)
    ]


def read_by_n(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    old = {name: event for name, event in EVENTS.items() if name != NEWCOMER}
    monkeypatch.setattr(follower, "decode", partial(decode, known=known_types(old, {})))
    entries = entries_of(mixed())
    monkeypatch.undo()
    return entries


def folded(entries: list[Entry]) -> PartitionFold[Accounts]:
    fold = PartitionFold((topics.ACCOUNTS.name, entries[0].record.partition), AccountDecider())
    for entry in entries:
        fold.apply(entry)
    return fold


def test_an_event_that_n_does_not_know_holds_up_its_stream_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not lost, nor half understood: the owner closes that stream, the projector parks it, the rest goes on."""
    entries = read_by_n(monkeypatch)
    first, second = mixed()[0].key, mixed()[1].key
    (unknown,) = [entry for entry in entries if isinstance(entry.decoded, Undecodable)]
    assert unknown.kind == "event", "validity is a matter of headers alone: N and N+1 agree on it"
    owner = folded(entries)
    assert owner.quarantined == {first}
    assert {task.status.value for task in owner.state.accounts[second].tasks.values()} == {"completed"}

    batch = Batch(entries, set(), {})
    assert [(parked.entry.record.key, parked.poison) for parked in batch.parked] == [
        (first.encode(), True),
        (first.encode(), False),
    ], "it, and what comes behind it in its stream"

    assert reactions_to(unknown) == []
    state = SchedulerState()
    for entry in entries:
        if entry.kind == "event" and isinstance(entry.decoded, tuple):
            envelope, event = entry.decoded
            fold(state, Place("lathe.accounts", 0, entry.record.offset), "k", event, envelope, NOW)


def test_the_next_release_makes_of_it_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to be repaired: whoever knows the event folds the same log to the full state."""
    assert folded(read_by_n(monkeypatch)).quarantined != set()
    entries = entries_of(mixed())
    owner = folded(entries)
    assert owner.quarantined == set()
    assert Batch(entries, set(), {}).parked == []
    assert [task.attempt for task in owner.state.accounts[mixed()[0].key].tasks.values()] == [2]


def test_a_run_event_that_n_does_not_know_leads_to_no_command() -> None:
    one = sample("lathe.run.succeeded.v1/1")
    unknown = msgspec.structs.replace(one, headers=one.headers | {"ce_type": "lathe.run.paused.v1"})
    (entry,) = entries_of([unknown])
    assert isinstance(entry.decoded, Undecodable)
    assert request_of(entry) is None


def test_what_is_read_first_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    event = TaskRetried(task_id="t", attempt=2, reason="lease-expired")
    assert type_of(event) == NEWCOMER
    monkeypatch.setattr(record, "READ_FIRST", frozenset({NEWCOMER}))
    with pytest.raises(NotWrittenYet, match="written by the next one"):
        type_of(event)
    one = sample(f"{NEWCOMER}/1")
    assert isinstance(decode(one.record(0, 0)), tuple), "and it is read all the same"
    assert encode_value(event)
