"""What a foreign reader gets of an event: its envelope and its value, without what is personal."""

from typing import Any, Final

import msgspec

from adapters.kafka.follower import Entry
from adapters.kafka.port import NewRecord

_PRIVATE: Final = frozenset(
    ("ce_ownerepoch", "ce_ownerseq", "ce_ownernonce", "ce_idempotencykey", "ce_idempotencydigest", "traceparent")
)
"""Headers that prove a place in another log, or are of use to Lathe alone."""


def copy_of(entry: Entry) -> NewRecord:
    """The copy of a valid event. `ce_sourceposition` says where it came from, as `Lathe-Position` does.

    Sealed fields are left out: nobody but Lathe could open them. A value that is no JSON could hold anything, so `null`
    stands in its place.
    """
    record = entry.record
    headers = [(name, value) for name, value in record.by_name.items() if name not in _PRIVATE]
    headers.append(("ce_sourceposition", f"{record.topic}:{record.partition}@{record.offset}".encode()))
    try:
        value = msgspec.json.encode(without_sealed(msgspec.json.decode(record.value or b"null")))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        value = b"null"
    return NewRecord(record.key or b"", value, headers, record.timestamp)


def without_sealed(value: Any) -> Any:
    """`{"$enc": …}` members are left out of objects, and null where one stands in a list."""
    if isinstance(value, dict):
        return {name: without_sealed(one) for name, one in value.items() if not _sealed(one)}
    if isinstance(value, list):
        return [None if _sealed(one) else without_sealed(one) for one in value]
    return value


def _sealed(value: Any) -> bool:
    return isinstance(value, dict) and "$enc" in value
