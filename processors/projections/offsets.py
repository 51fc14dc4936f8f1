"""Where the read models stand in the log: loaded at the start, moved on in the same transaction as the rows."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.follower import Entry
from adapters.kafka.port import Log
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Record
from processors.projections.port import Connection

PROJECTION: Final = "read"
"""All read models of a schema move together: one row per partition, one transaction per batch."""


class RebuildNeeded(Exception):
    """The log is not the one these read models were folded from. Nothing is written until they are rebuilt."""


class Superseded(Exception):
    """Another projector moved the offsets on: this one steps down."""


class Stand(msgspec.Struct, frozen=True):
    """One partition's row: the position, and the record before it by which the log is recognised."""

    position: Position
    last_record_id: str | None = None


def record_id(record: Record) -> str:
    """By what a record is recognised again: ce_id, or a digest where that is missing or no text."""
    for name, value in record.headers:
        if name == "ce_id" and value is not None and value.isascii() and b"\x00" not in value:
            return value.decode()
    digest = hashlib.sha256(repr((record.key, record.value, record.headers)).encode()).hexdigest()
    return f"sha256:{digest}"


async def load(connection: Connection, tps: Iterable[TP], log: LogIdentity) -> dict[TP, Stand]:
    """The stand of each partition, at 0 when it is new. Raises RebuildNeeded for another cluster or topic."""
    fresh = [(PROJECTION, *tp, log.cluster_id, log.topic_ids[tp[0]], datetime.now(UTC)) for tp in tps]
    await connection.executemany(_CREATE, fresh)
    stands: dict[TP, Stand] = {}
    for row in await connection.fetch(_LOAD, PROJECTION):
        tp = (row["topic"], row["partition"])
        if tp[0] not in log.topic_ids:
            continue
        if row["cluster_id"] != log.cluster_id:
            raise RebuildNeeded(
                f"the read models were built from cluster {row['cluster_id']}, this is {log.cluster_id}: rebuild them"
            )
        if row["topic_id"] != log.topic_ids[tp[0]]:
            raise RebuildNeeded(
                f"topic {tp[0]} was deleted and made anew since the read models were built: rebuild them"
            )
        position = Position(row["next_offset"], row["epoch"], row["nonce"], row["seq"])
        stands[tp] = Stand(position, row["last_record_id"])
    return stands


async def compare_with_log(log: Log, stands: Mapping[TP, Stand]) -> None:
    """Check that the log still is what was folded. Raises RebuildNeeded, LogUnavailable, LogTruncated."""
    for tp, end in (await log.ends(stands)).items():
        if stands[tp].position.offset > end:
            raise RebuildNeeded(
                f"the read models stand at {tp[0]}:{tp[1]}@{stands[tp].position.offset}, but the log ends at {end}: "
                "rebuild them"
            )
    started = {tp: stand for tp, stand in stands.items() if stand.position.offset > 0}
    if not started:
        return
    reader = await log.reader({tp: stand.position.offset - 1 for tp, stand in started.items()})
    try:
        last: dict[TP, Record] = {}
        while len(last) < len(started):
            for record in await reader.poll(500, 1000):
                last.setdefault((record.topic, record.partition), record)
    finally:
        await reader.close()
    for tp, stand in started.items():
        if (found := record_id(last[tp])) != stand.last_record_id:
            raise RebuildNeeded(
                f"record {tp[0]}:{tp[1]}@{last[tp].offset} is {found}, but the read models were built from "
                f"{stand.last_record_id}: the log was replaced; rebuild the read models"
            )


async def advance(connection: Connection, last: Mapping[TP, Entry], before: Mapping[TP, int]) -> None:
    """Move the offsets from `before` to behind the `last` entry of each partition, void or not. Raises Superseded."""
    now = datetime.now(UTC)
    rows: list[tuple[Any, ...]] = [
        (*tp, before[tp], e.after.offset, e.after.epoch, e.after.nonce, e.after.seq, record_id(e.record))
        for tp, e in sorted(last.items())
    ]
    moved = await connection.execute(_ADVANCE, PROJECTION, now, *zip(*rows, strict=True))
    if moved != f"UPDATE {len(rows)}":
        raise Superseded("another projector has moved the offsets on")


_CREATE = """
INSERT INTO projection_offsets
    (projection, topic, partition, cluster_id, topic_id, next_offset, epoch, nonce, seq, updated_at)
VALUES ($1, $2, $3, $4, $5, 0, 0, '', 0, $6) ON CONFLICT DO NOTHING
"""
_LOAD = "SELECT * FROM projection_offsets WHERE projection = $1"
_ADVANCE = """
UPDATE projection_offsets o SET
    next_offset = u.after, epoch = u.epoch, nonce = u.nonce, seq = u.seq, last_record_id = u.record, updated_at = $2
FROM unnest($3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::text[])
    AS u(topic, partition, expected, after, epoch, nonce, seq, record)
WHERE o.projection = $1 AND o.topic = u.topic AND o.partition = u.partition AND o.next_offset = u.expected
"""
