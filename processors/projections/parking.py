"""Parked records: what could not be folded, and the rest of its stream behind it, in order."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.kafka.follower import Entry
from adapters.kafka.record import Record
from processors.projections.port import Connection

Stream = tuple[str, bytes | None]
"""(topic, key). Records without a key belong to one stream of their own."""

_SHOWN: Final = 500
"""Longest reason that is kept."""


class Parked(msgspec.Struct, frozen=True):
    """A record to be parked. `poison`: it cannot be folded itself; else it stands behind one that cannot."""

    entry: Entry
    why: str
    poison: bool


def stream_of(record: Record) -> Stream:
    return record.topic, record.key


async def parked_streams(connection: Connection) -> set[Stream]:
    """The streams that have parked records: what comes after them is parked too."""
    rows = await connection.fetch("SELECT DISTINCT topic, key FROM parked_records")
    return {(row["topic"], row["key"]) for row in rows}


async def park(connection: Connection, parked: Iterable[Parked]) -> None:
    """Keep the records, inside the projector's transaction."""
    now = datetime.now(UTC)
    rows = []
    for p in parked:
        r = p.entry.record
        rows.append(
            (
                r.topic,
                r.partition,
                r.offset,
                r.key,
                _text(p.why)[:_SHOWN],
                "poison" if p.poison else "behind",
                _header(r, "ce_id"),
                _header(r, "ce_type"),
                r.value,
                msgspec.msgpack.encode(r.headers),
                now,
            )
        )
    await connection.copy_records_to_table("parked_records", columns=_COLUMNS, records=rows)


def _header(record: Record, name: str) -> str | None:
    """A header as text that PostgreSQL takes, whatever bytes it holds."""
    for found, value in record.headers:
        if found == name and value is not None:
            return _text(value.decode("utf-8", "replace"))
    return None


def _text(text: str) -> str:
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


_COLUMNS = ("topic", "partition", "offset", "key", "why", "role", "event_id", "event_type", "value", "headers",
            "parked_at")  # fmt: skip
