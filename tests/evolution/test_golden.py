"""Every event and revision ever published: its sample decodes, is upcast, and every reader of its topic folds it."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from adapters.contract.landed import present, read, sample_of
from adapters.contract.publishing import without_sample
from adapters.kafka.record import decode, encode_headers, encode_value
from domain.registry import EVENTS
from tests.evolution.golden import NAMES, sample
from tests.evolution.readers import CLAIM, READERS, decoded, entries_of, partition_of, scheduled

LANDED = read()


def test_every_revision_has_a_sample() -> None:
    assert [str(path) for path in without_sample(LANDED)] == []
    assert {sample(name).type for name in NAMES} >= EVENTS.keys()


def test_a_new_event_without_a_sample_is_found() -> None:
    landed = {**LANDED, "lathe.pebble.thrown.v1": {1: {}, 2: {}}}
    assert without_sample(landed) == [sample_of("lathe.pebble.thrown.v1", revision) for revision in (1, 2)]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_as_its_revision_says_and_shows_every_field(name: str) -> None:
    one = sample(name)
    schema = LANDED[one.type][one.revision]
    Draft202012Validator(schema, validate_formats=True).validate(one.value)
    assert one.topic in schema["x-topics"]
    assert one.value.keys() == schema["properties"].keys(), "a field that is left out proves nothing"


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_decodes_and_every_reader_of_its_topic_folds_it(name: str) -> None:
    one = sample(name)
    entries = entries_of(one.history())
    if name == CLAIM:
        assert [entry.kind for entry in entries] == ["claim"]
        decoded_claim = decode(entries[0].record)
        assert isinstance(decoded_claim, tuple)
        return
    envelope, event = decoded(entries[-1])
    assert EVENTS[envelope.type] is type(event)
    READERS[one.topic](entries)
    scheduled(entries)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_sample_is_lost(name: str) -> None:
    """What is read and written again is the same record, or the same in its newest version."""
    one = sample(name)
    if one.type not in EVENTS:
        pytest.skip("an old version: it is upcast")
    found = decode(one.record(partition_of(one), 0))
    assert isinstance(found, tuple)
    assert json.loads(encode_value(found[1])) == _without_defaults(one.value, present()[one.type])
    written = {header: value.decode() for header, value in encode_headers(found[0])}
    assert written == {header: value for header, value in one.headers.items() if not header.startswith("ce_owner")}


def _without_defaults(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A writer leaves out what has its default's value."""
    properties = schema["properties"]
    return {name: item for name, item in value.items() if item != properties[name].get("default", ...)}
