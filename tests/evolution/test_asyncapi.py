"""The AsyncAPI document: whole, true to the topics, and clean by AsyncAPI's own parser."""

import copy
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft7Validator

from adapters.contract.asyncapi import HEADERS, PATH, draft_07
from adapters.kafka import topics
from domain.registry import EVENTS
from tests.evolution.asyncapi_lint import NotInstalled, install, lint
from tests.evolution.golden import NAMES, sample


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(PATH.read_text())
    return found


@pytest.fixture(scope="module")
def parser() -> None:
    """AsyncAPI's parser. Skips where npm cannot install it; fails there if CI=true."""
    try:
        install()
    except NotInstalled as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(f"the AsyncAPI parser cannot be installed: {error}")


@pytest.mark.timeout(400)
def test_the_parser_has_nothing_against_it(parser: None) -> None:
    is_clean, said = lint(PATH)
    assert is_clean, said


WRONG = {
    "components.messages.lathe/task/started/v1.payload.properties.attempt.type": "whole",
    "operations.read/lathe/runs.action": "watch",
    "channels.lathe/runs.messages.lathe/run/started/v1.$ref": "#/components/messages/nothing",
}


@pytest.mark.timeout(400)
def test_the_parser_finds_what_is_wrong(parser: None, document: dict[str, Any], tmp_path: Path) -> None:
    paths: list[Path] = []
    for place, value in WRONG.items():
        wrong: Any = copy.deepcopy(document)
        found = wrong
        *steps, last = [step.replace("/", ".") for step in place.split(".")]
        for step in steps:
            found = found[step]
        found[last] = value
        paths.append(tmp_path / f"{len(paths)}.yaml")
        paths[-1].write_text(yaml.safe_dump(wrong))
    is_clean, said = lint(*paths)
    assert not is_clean
    for path, place in zip(paths, WRONG, strict=True):
        where = ".".join(place.split(".")[:3]).replace("/", ".")
        assert [line for line in said.splitlines() if line.startswith(f"{path}:") and where in line], said


def test_channels_are_the_topics(document: dict[str, Any]) -> None:
    assert document["channels"].keys() == {topic.name for topic in topics.ALL}
    for topic in topics.ALL:
        binding = document["channels"][topic.name]["bindings"]["kafka"]
        assert binding["partitions"] == topic.partitions
        assert binding["topicConfiguration"]["retention.ms"] == topic.retention_ms
    told = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert told == document["components"]["messages"].keys() == EVENTS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_as_its_message_says(name: str, document: dict[str, Any]) -> None:
    one = sample(name)
    if one.type not in EVENTS:
        pytest.skip("an old version: it is upcast")
    components = {"components": {"schemas": document["components"]["schemas"]}}
    message = document["components"]["messages"][one.type]
    Draft7Validator(components | message["payload"]).validate(one.value)
    Draft7Validator(components["components"]["schemas"]["Headers"]).validate(one.headers)
    assert one.headers.keys() <= HEADERS.keys()
    assert message["examples"]


def test_what_draft_07_cannot_say_is_said_in_its_way() -> None:
    schema = {
        "properties": {"items": {"type": "array", "prefixItems": [{"type": "string"}], "items": False}},
        "$defs": {"A": {}},
    }
    items = {"type": "array", "items": [{"type": "string"}], "additionalItems": False}
    assert draft_07(schema) == {"properties": {"items": items}}
    sealed = {"$ref": "#/$defs/Sealed", "x-personal": True}
    assert draft_07(sealed) == {"x-personal": True, "allOf": [{"$ref": "#/components/schemas/Sealed"}]}
