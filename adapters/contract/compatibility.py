"""What a change of a schema means to readers: FULL_TRANSITIVE compatibility, told in words.

Backward: a reader of the new schema reads what was written by the old one, with nothing lost. Forward: a reader of the
old schema reads what is written by the new one. Readers pass over fields that they do not know, and take the default
for fields that are left out (https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html
has the terms). Writers leave out fields that have their default's value, so a default is a promise like a type.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

Breaks = Literal["backward", "forward", "both", "nothing"]
Schema = Mapping[str, Any]
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
SAME: Final = ("pattern", "format", "multipleOf")
MEANING: Final = {"x-unit": "unit", "x-personal": "mark as personal"}
WORDS: Final = frozenset({"description", "title", "$id", "$schema"})
"""What a schema says to people only."""


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not as it was."""

    path: str
    """Where: `files[].name`; empty for the event itself."""
    what: str
    breaks: Breaks


class _Side(msgspec.Struct, frozen=True):
    """A schema inside its document."""

    here: Schema
    root: Schema

    def to(self, here: Any) -> "_Side":
        here = {} if here is None or here is True else {"enum": []} if here is False else here
        while "$ref" in here:
            found: Any = self.root
            for step in here["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            here = found | {name: value for name, value in here.items() if name != "$ref"}
        return _Side(here, self.root)


def differences(old: Schema, new: Schema) -> list[Difference]:
    """What changed from one schema of an event to another, the harmless too. Words for people do not count."""
    found = list(_between(_Side(old, old).to(old), _Side(new, new).to(new), ""))
    if old.get("x-topics") != new.get("x-topics"):
        was, is_ = (", ".join(schema.get("x-topics", ())) for schema in (old, new))
        found.append(Difference("", f"moved from {was} to {is_}: readers look for it there", "both"))
    return found


def structure(schema: Any) -> Any:
    """A schema without what it says to people."""
    if isinstance(schema, list):
        return [structure(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: structure(item) for key, item in value.items()}
        if name in ("properties", "$defs")
        else value
        if name in ("default", "enum", "const")
        else structure(value)
        for name, value in schema.items()
        if name not in WORDS
    }


def _between(old: _Side, new: _Side, path: str) -> Iterator[Difference]:
    before, after = _alternatives(old), _alternatives(new)
    if gone := [kind for kind in before if not _taken(kind, after)]:
        yield Difference(path, f"type narrowed: {_list(gone)} was written and is refused now", "backward")
    if come := [kind for kind in after if not _taken(kind, before)]:
        yield Difference(path, f"type widened: readers of the old version refuse {_list(come)}", "forward")
    for word, name in MEANING.items():
        if old.here.get(word) != new.here.get(word):
            was, is_ = old.here.get(word, "none"), new.here.get(word, "none")
            yield Difference(path, f"{name} changed from {was} to {is_}: the same value means something else", "both")
    for kind, side in before.items():
        if kind in after:
            yield from _of_one_kind(side, after[kind], path)


def _of_one_kind(old: _Side, new: _Side, path: str) -> Iterator[Difference]:
    yield from _values(old.here, new.here, path)
    yield from _limits(old.here, new.here, path)
    if "properties" in old.here or "properties" in new.here:
        yield from _fields(old, new, path)
    elif old.here.get("type") == "object":
        others = "additionalProperties"
        yield from _between(old.to(old.here.get(others)), new.to(new.here.get(others)), f"{path}.*".lstrip("."))
    elif old.here.get("type") == "array":
        yield from _items(old, new, path)


def _values(old: Schema, new: Schema, path: str) -> Iterator[Difference]:
    before, after = _enum(old), _enum(new)
    if after is not None and (before is None or any(value not in after for value in before)):
        gone = "all others" if before is None else _list([repr(value) for value in before if value not in after])
        yield Difference(path, f"enum value removed: {gone} may stand in old records and is refused now", "backward")
    if before is not None and (after is None or any(value not in before for value in after)):
        come = "all others" if after is None else _list([repr(value) for value in after if value not in before])
        yield Difference(path, f"enum value added: readers of the old version refuse {come}", "forward")


def _limits(old: Schema, new: Schema, path: str) -> Iterator[Difference]:
    for word in (*LOWER, *UPPER, *SAME):
        was, is_ = old.get(word), new.get(word)
        if was == is_:
            continue
        tighter = word in LOWER and was is not None and is_ is not None and is_ > was
        tighter |= word in UPPER and was is not None and is_ is not None and is_ < was
        looser = word not in SAME and was is not None and is_ is not None and not tighter
        if is_ is not None and not looser:
            yield Difference(path, f"{word} is {is_}, was {was}: old records may be refused", "backward")
        if was is not None and not tighter:
            yield Difference(path, f"{word} was {was}, is {is_}: readers of the old version may refuse", "forward")


def _fields(old: _Side, new: _Side, path: str) -> Iterator[Difference]:
    before, after = old.here.get("properties", {}), new.here.get("properties", {})
    if new.here.get("additionalProperties") is False and old.here.get("additionalProperties") is not False:
        yield Difference(path, "fields that are not known are refused now: they were passed over", "both")
    had, has = set(old.here.get("required", ())), set(new.here.get("required", ()))
    renamed: dict[str, str] = {}
    for name in sorted(before.keys() - after.keys()):
        alike = [
            n for n in sorted(after.keys() - before.keys() - set(renamed.values()))
            if structure(before[name]) == structure(after[n]) and (name in had) == (n in has)
        ]  # fmt: skip
        if alike:
            renamed[name] = alike[0]
        kind = f"renamed to `{alike[0]}`" if alike else "field removed"
        yield Difference(_at(path, name), f"{kind}: what old records say here would be lost", "backward")
        if name in had:
            why = f"{kind}: readers of the old version refuse records without it"
            yield Difference(_at(path, name), why, "forward")
    for name in sorted(after.keys() - before.keys()):
        if name in has:
            yield Difference(
                _at(path, name), "required field added: old records lack it; give it a default", "backward"
            )
        else:
            yield Difference(_at(path, name), "optional field added", "nothing")
    for name in sorted(before.keys() & after.keys()):
        yield from _field(old, new, name, name in had, name in has, _at(path, name))


def _field(old: _Side, new: _Side, name: str, had: bool, has: bool, path: str) -> Iterator[Difference]:
    before, after = old.here["properties"][name], new.here["properties"][name]
    if has and not had:
        yield Difference(path, "made required: old records may lack it", "backward")
    elif had and not has:
        yield Difference(path, "made optional: readers of the old version refuse records without it", "forward")
    elif not has and before.get("default") != after.get("default"):
        was, is_ = before.get("default"), after.get("default")
        yield Difference(path, f"default changed from {was!r} to {is_!r}: records that leave it out change", "both")
    yield from _between(old.to(before), new.to(after), path)


def _items(old: _Side, new: _Side, path: str) -> Iterator[Difference]:
    before, after = old.here.get("prefixItems", []), new.here.get("prefixItems", [])
    if len(before) != len(after):
        yield Difference(path, f"a tuple of {len(before)} became one of {len(after)}", "both")
        return
    for i, (was, is_) in enumerate(zip(before, after, strict=True)):
        yield from _between(old.to(was), new.to(is_), f"{path}[{i}]")
    if not before:
        yield from _between(old.to(old.here.get("items")), new.to(new.here.get("items")), f"{path}[]")


def _alternatives(side: _Side) -> dict[str, _Side]:
    """What may stand there, by kind. Of several kinds of objects each is one by its title."""
    found: dict[str, _Side] = {}
    branches = [side.to(branch) for branch in side.here.get("anyOf", ())] or [side]
    objects = [branch for branch in branches if branch.here.get("type") == "object"]
    for branch in branches:
        kinds = branch.here.get("type", "any")
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            found[f"{kind} {branch.here.get('title')}" if kind == "object" and len(objects) > 1 else kind] = branch
    return found


def _taken(kind: str, by: Mapping[str, _Side]) -> bool:
    return kind in by or "any" in by or (kind == "integer" and "number" in by)


def _enum(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _list(values: list[str]) -> str:
    return " and ".join(values)
