"""JSON Schema (2020-12) of each event, made from its struct: docstrings become descriptions, `Sealed` is personal.

Besides the standard's words: `x-topics` (where it stands), `x-unit` (of numbers) and `x-personal` (encrypted under the
account's key, unreadable once that is destroyed).
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Final, get_args, get_origin

import msgspec

from adapters.contract.channels import Untold, topics_of
from domain.personal import Sealed

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("amount", "charged", "granted", "price", "released", "reserved", "sign_up_credits"), "micro-credits"
    ),
    **dict.fromkeys(("eta_s", "typical_seconds"), "s"),
    **dict.fromkeys(("fraction", "used_fraction"), "fraction of 1"),
    **dict.fromkeys(("height", "width"), "px"),
    "bytes": "bytes",
    "prompt_length": "characters",
}
"""Unit of each number, by the field's name: the same everywhere."""
COUNTED: Final = frozenset(
    {"assignments_offset", "attempt", "claim_offset", "epoch", "offset", "partition", "position", "priority", "seed",
     "sequence", "slots", "source_offset", "total", "user_id"}
)  # fmt: skip
"""Numbers that have no unit: places, counts and ids."""


def schema_of(name: str, event: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema of one event by its wire name. Raises Untold, for a number without a unit too."""
    _, components = msgspec.json.schema_components([event], ref_template="#/$defs/{name}")
    made = msgspec.json.decode(msgspec.json.encode(components))
    structs = {struct.__name__: struct for struct in _structs(event)}
    told = {title: _told(made[title], struct) for title, struct in sorted(structs.items())}
    body = told.pop(event.__name__)
    schema = {
        "$schema": DIALECT,
        "$id": f"/events/{name}.schema.json",
        "title": body.pop("title"),
        "description": body.pop("description", ""),
        "x-topics": [topic.name for topic in topics_of(event)],
    } | body
    return schema | {"$defs": told} if told else schema


@cache
def descriptions_of(struct: type) -> Mapping[str, str]:
    """The string below an attribute is its documentation (the habit of PEP 224)."""
    found: dict[str, str] = {}
    (tree,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(struct))).body
    assert isinstance(tree, ast.ClassDef)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def _told(made: dict[str, Any], struct: type[msgspec.Struct]) -> dict[str, Any]:
    """What msgspec made of a struct, with all that it cannot know. Only the struct's own docstring counts."""
    descriptions = descriptions_of(struct)
    made.pop("description", None)
    words = " ".join((struct.__dict__.get("__doc__") or "").split())
    made = {"title": made.pop("title")} | ({"description": words} if words else {}) | made
    for field in msgspec.structs.fields(struct):
        about = made["properties"][field.encode_name]
        if field.name in descriptions:
            about["description"] = descriptions[field.name]
        if datetime in _parts(field.type):
            for branch in about.get("anyOf", [about]):
                if branch.get("type") == "string":
                    branch["format"] = "date-time"
        if Sealed in _parts(field.type):
            about["x-personal"] = True
        if {int, float} & set(get_args(field.type) or (field.type,)) and getattr(
            field.type, "__origin__", None
        ) is None:
            if field.name in UNITS:
                about["x-unit"] = UNITS[field.name]
            elif field.name not in COUNTED:
                raise Untold(f"adapters/contract/schema.py gives no unit for {struct.__name__}.{field.name}")
    return made


def _is_number(annotation: Any) -> bool:
    """Whether it is a number, or nothing; not: a container of numbers."""
    return bool({int, float} & set(get_args(annotation) or (annotation,))) and get_origin(annotation) in (
        None,
        UnionType,
    )


def _structs(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """It, and all structs inside it."""
    yield struct
    for field in msgspec.structs.fields(struct):
        for part in _parts(field.type):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from _structs(part)


def _parts(annotation: Any) -> list[Any]:
    """All plain types inside an annotation."""
    inner = get_args(annotation)
    return [part for argument in inner for part in _parts(argument)] if inner else [annotation]
