"""The gate: each kind of change that would break a reader is found, in both directions, against every revision."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.contract.compatibility import differences
from adapters.contract.gate import breaking, findings
from adapters.contract.landed import NoSchemas, present, read, read_ref, with_revisions

TYPE = "lathe.task.requested.v1"
BATCH = "lathe.batch.requested.v1"
Schema = dict[str, Any]
Change = Callable[[Schema], object]


def changed(name: str, change: Change) -> tuple[Schema, Schema]:
    """A present schema, and a copy of it with one change."""
    old = present()[name]
    new = copy.deepcopy(old)
    change(new)
    return old, new


def told(old: Schema, new: Schema) -> set[tuple[str, str, str]]:
    """Path, the first words of what is said, and what it breaks."""
    return {(found.path, found.what.split(":")[0], found.breaks) for found in differences(old, new)}


def set_(*path: str, to: Any) -> Change:
    def change(schema: Schema) -> None:
        place: Any = schema
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def drop(name: str) -> Change:
    def change(schema: Schema) -> None:
        del schema["properties"][name]
        schema["required"] = [field for field in schema["required"] if field != name]

    return change


def rename(name: str, to: str) -> Change:
    def change(schema: Schema) -> None:
        schema["properties"][to] = schema["properties"].pop(name)
        schema["required"] = [to if field == name else field for field in schema["required"]]

    return change


def require(name: str) -> Change:
    return lambda schema: schema["required"].append(name)


def add(name: str, about: Schema, *, required: bool = False) -> Change:
    def change(schema: Schema) -> None:
        schema["properties"][name] = about
        if required:
            schema["required"].append(name)

    return change


TEXT = {"type": "string"}
BREAKS: dict[str, tuple[str, Change, set[tuple[str, str, str]]]] = {
    "an optional field removed": (TYPE, drop("parent"), {("parent", "field removed", "backward")}),
    "a required field removed": (
        TYPE,
        drop("seed"),
        {("seed", "field removed", "backward"), ("seed", "field removed", "forward")},
    ),
    "a field renamed": (
        TYPE,
        rename("model_version", "release"),
        {
            ("model_version", "renamed to `release`", "backward"),
            ("model_version", "renamed to `release`", "forward"),
            ("release", "required field added", "backward"),
        },
    ),
    "a required field added": (TYPE, add("site", TEXT, required=True), {("site", "required field added", "backward")}),
    "made required": (TYPE, require("parent"), {("parent", "made required", "backward")}),
    "made optional": (
        TYPE,
        lambda schema: (schema["required"].remove("seed"), set_("properties", "seed", "default", to=0)(schema)),
        {("seed", "made optional", "forward")},
    ),
    "a type narrowed": (
        TYPE,
        set_("properties", "deadline", to={"type": "string", "format": "date-time", "default": None}),
        {("deadline", "type narrowed", "backward")},
    ),
    "a type widened": (
        TYPE,
        set_("properties", "model", to={"anyOf": [TEXT, {"type": "null"}]}),
        {("model", "type widened", "forward")},
    ),
    "another type": (
        TYPE,
        set_("properties", "kind", to={"type": "integer"}),
        {("kind", "type narrowed", "backward"), ("kind", "type widened", "forward")},
    ),
    "a number became an integer": (
        "lathe.run.progressed.v1",
        set_("properties", "fraction", "type", to="integer"),
        {("fraction", "type narrowed", "backward")},
    ),
    "an integer became a number": (
        TYPE,
        set_("properties", "seed", "type", to="number"),
        {("seed", "type widened", "forward")},
    ),
    "any text became a choice": (
        TYPE,
        set_("properties", "kind", "enum", to=["generate"]),
        {("kind", "enum value removed", "backward")},
    ),
    "a limit was set": (
        TYPE,
        set_("properties", "priority", "maximum", to=9),
        {("priority", "maximum is 9, was None", "backward")},
    ),
    "a format was demanded": (
        TYPE,
        set_("properties", "task_id", "format", to="uuid"),
        {("task_id", "format is uuid, was None", "backward")},
    ),
    "another default": (
        TYPE,
        set_("properties", "priority", "default", to=5),
        {("priority", "default changed from 0 to 5", "both")},
    ),
    "another unit": (
        TYPE,
        set_("properties", "price", "x-unit", to="credits"),
        {("price", "unit changed from micro-credits to credits", "both")},
    ),
    "no longer personal": (
        TYPE,
        set_("properties", "prompt", "x-personal", to=False),
        {("prompt", "mark as personal changed from True to False", "both")},
    ),
    "inside a list of structs": (
        TYPE,
        set_("$defs", "TaskInput", "properties", "bytes", "type", to="string"),
        {("inputs[].bytes", "type narrowed", "backward"), ("inputs[].bytes", "type widened", "forward")},
    ),
    "a longer tuple": (
        BATCH,
        lambda schema: schema["$defs"]["BatchItem"]["properties"]["inputs"]["items"].update(
            prefixItems=[TEXT, {"type": "integer"}, TEXT], minItems=3, maxItems=3
        ),
        {
            ("items[].inputs[]", "a tuple of 2 became one of 3", "both"),
            ("items[].inputs[]", "minItems is 3, was 2", "backward"),
            ("items[].inputs[]", "maxItems was 2, is 3", "forward"),
        },
    ),
    "values of a table": (
        "lathe.task.completed.v1",
        set_("properties", "metrics", "additionalProperties", to=TEXT),
        {("metrics.*", "type narrowed", "backward"), ("metrics.*", "type widened", "forward")},
    ),
    "unknown fields refused": (
        TYPE,
        set_("additionalProperties", to=False),
        {("", "fields that are not known are refused now", "both")},
    ),
    "another topic": (
        TYPE,
        set_("x-topics", to=["lathe.runs"]),
        {("", "moved from lathe.accounts to lathe.runs", "both")},
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_told_in_words(name: str) -> None:
    event, change, expected = BREAKS[name]
    old, new = changed(event, change)
    assert told(old, new) == expected
    (found, *_) = breaking(findings({event: {1: old}}, {event: new}))
    assert str(found).startswith(event)


def test_a_removed_and_an_added_choice() -> None:
    old, new = changed(TYPE, set_("properties", "kind", "enum", to=["job", "generate"]))
    both = copy.deepcopy(new)
    both["properties"]["kind"]["enum"] = ["generate", "recognition"]
    assert told(new, both) == {("kind", "enum value removed", "backward"), ("kind", "enum value added", "forward")}
    assert told(new, old) == {("kind", "enum value added", "forward")}


def test_what_is_fine() -> None:
    old, new = changed(TYPE, add("site", {"type": "string", "default": ""}))
    assert told(old, new) == {("site", "optional field added", "nothing")}
    assert told(*changed(TYPE, set_("properties", "kind", "description", to="Another word for it."))) == set()
    added = findings({}, {TYPE: old})
    assert [(found.type, found.breaks) for found in added] == [(TYPE, "nothing")]
    assert "before what writes it" in str(added[0])


def test_it_is_transitive() -> None:
    """A field that went and came back with another type fits its neighbours, and not the first revision."""
    first = present()[TYPE]
    second, third = copy.deepcopy(first), copy.deepcopy(first)
    drop("parent")(second)
    set_("properties", "parent", to={"type": "integer", "default": None})(third)
    assert not breaking(findings({TYPE: {2: second}}, {TYPE: third}))
    found = breaking(findings({TYPE: {1: first, 2: second}}, {TYPE: third}))
    assert {(one.revision, one.breaks) for one in found} == {(1, "backward"), (1, "forward")}


def test_a_removed_event_needs_an_upcaster() -> None:
    landed = {TYPE: {1: present()[TYPE]}}
    (found,) = breaking(findings(landed, {}))
    assert "event removed" in str(found)
    assert breaking(findings(landed, {}, upcast={TYPE})) == []


def test_a_change_is_the_next_revision_and_words_are_none() -> None:
    old, new = changed(TYPE, add("site", {"type": "string", "default": ""}))
    assert with_revisions({TYPE: {1: old}}, {TYPE: new}) == {TYPE: {1: old, 2: new}}
    _, words = changed(TYPE, set_("description", to="Said better."))
    assert with_revisions({TYPE: {1: old}}, {TYPE: words}) == {TYPE: {1: old}}


def test_what_landed_at_a_commit(tmp_path: Path) -> None:
    """Also from a folder without a history: there each type has one version."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet")
    folder = tmp_path / "docs" / "events"
    old, new = changed(TYPE, drop("parent"))
    (folder / "history" / TYPE).mkdir(parents=True)
    (folder / "history" / TYPE / "1.schema.json").write_text(json.dumps(old))
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    assert read_ref("HEAD", tmp_path) == {TYPE: {1: old}} == read(folder)
    assert breaking(findings(read_ref("HEAD", tmp_path), {TYPE: new}))
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / f"{TYPE}.schema.json").write_text(json.dumps(old))
    assert read(plain) == {TYPE: {1: old}}
    with pytest.raises(NoSchemas, match="no-such"):
        read_ref("no-such", tmp_path)
    with pytest.raises(NoSchemas):
        read(tmp_path / "nothing")
