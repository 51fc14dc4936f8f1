"""How a parked record is shown: its headers and its event, without what is personal."""

from typing import Any, Final

import msgspec
import orjson

from adapters.postgres.dead_letters import Place
from domain.rendering import time_of
from query_api.queries import Row

PERSONAL: Final = frozenset(
    {"username", "name", "email", "employee_number", "prompt", "title", "description", "password_hash", "text", "url"}
)
"""Members that events hold sealed, `{"$enc": …}`. A broken record may hold them in another form: it is not shown."""
HIDDEN: Final = "[hidden]"
_LONGEST: Final = 2000
"""Characters of a header that are shown."""


def letter_document(row: Row) -> dict[str, Any]:
    """One row of `parked_records`."""
    return {
        "id": str(Place(row["topic"], row["partition"], row["offset"])),
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["offset"],
        "key": None if row["key"] is None else row["key"].decode(errors="replace"),
        "role": row["role"],
        "why": row["why"],
        "event_id": row["event_id"],
        "event_type": row["event_type"],
        "bytes": len(row["value"] or b""),
        "parked_at": time_of(row["parked_at"]),
    }


def headers_of(row: Row) -> dict[str, str]:
    """The record's headers as text; of one that is there twice, the last."""
    headers = msgspec.msgpack.decode(row["headers"])
    return {str(name): (value or b"").decode(errors="replace")[:_LONGEST] for name, value in headers}


def value_of(row: Row) -> Any:
    """The event as JSON, personal members hidden unless they are sealed; None for what is no JSON."""
    try:
        return _shown(orjson.loads(row["value"] or b""))
    except orjson.JSONDecodeError:
        return None


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: HIDDEN if name in PERSONAL and not _is_sealed(item) else _shown(item) for name, item in value.items()}


def _is_sealed(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and value.keys() == {"$enc"} and isinstance(value["$enc"], str))
