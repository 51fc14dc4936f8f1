"""An event's schema as a flat list of its fields, for people: the same on the terminal and in the data dictionary."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec


class Field(msgspec.Struct, frozen=True):
    """One field. `path` is like `files[].name`; `unit` is empty for what has none."""

    path: str
    type: str
    required: bool
    default: Any
    unit: str
    personal: bool
    description: str


def fields_of(schema: Mapping[str, Any]) -> list[Field]:
    """All fields of an event, those of its structs below the field that holds them. Sealed values are one field."""
    return list(_fields(schema, schema, ""))


def _fields(schema: Mapping[str, Any], root: Mapping[str, Any], prefix: str) -> Iterator[Field]:
    for name, about in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield Field(
            path,
            _type(about),
            name in schema.get("required", ()),
            about.get("default"),
            about.get("x-unit", ""),
            about.get("x-personal", False),
            about.get("description", ""),
        )
        inner, suffix = _struct(about, root)
        if inner is not None and not about.get("x-personal", False):
            yield from _fields(inner, root, f"{path}{suffix}.")


def _struct(about: Mapping[str, Any], root: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """The struct that a field holds, and `[]` if it holds a list of them."""
    for branch in (about, *about.get("anyOf", ())):
        if "$ref" in branch:
            found: Mapping[str, Any] = root["$defs"][branch["$ref"].rpartition("/")[2]]
            return found, ""
    if isinstance(about.get("items"), dict):
        inner, suffix = _struct(about["items"], root)
        return inner, f"[]{suffix}"
    return None, ""


def _type(about: Mapping[str, Any]) -> str:
    if "anyOf" in about:
        return " or ".join(_type(branch) for branch in about["anyOf"])
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    if "prefixItems" in about:
        return f"({', '.join(_type(item) for item in about['prefixItems'])})"
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}"
    if isinstance(about.get("additionalProperties"), dict):
        return f"object of {_type(about['additionalProperties'])}"
    return str(about.get("format") or about.get("type", "any"))
