"""The read models as they were at one moment, and their comparison with the rows that the log calls for."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import asyncpg
import msgspec

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.position import TP, Position
from adapters.postgres.read.migrate import live_schema
from processors.projections.offsets import PROJECTION, Stand
from processors.verify.expected import TABLES, digest_of, key_of, stream_of
from processors.verify.findings import Findings, Place
from processors.verify.shelf import Shelf

FETCHED: Final = 2000
_SKIPPED: Final = """
SELECT topic, partition, "offset" FROM ops.dead_letter_orders WHERE action = 'skip' AND outcome = 'skipped'
"""
Stream = tuple[str, str]
"""(topic, key)."""


class Standing(msgspec.Struct, frozen=True):
    """What is read before the log: from then on the transaction shows the tables as they were."""

    schema: str
    stands: dict[TP, Stand]
    foreign: tuple[str, ...]
    """Topics that were another log's when they were folded."""
    parked: dict[TP, dict[bytes | None, int]]
    """Stream key → its first parked offset."""
    left_out: frozenset[tuple[str, int, int]]
    """(topic, partition, offset) of records that operators left out: rows of their streams differ on purpose."""


async def look(connection: Any, identity: LogIdentity) -> Standing | None:
    """Inside a repeatable-read transaction. None where nothing was ever projected."""
    schema = await live_schema(connection)
    if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.projection_offsets") is None:
        return None
    rows = await connection.fetch(f"SELECT * FROM {schema}.projection_offsets WHERE projection = $1", PROJECTION)  # noqa: S608 - a name of ours
    stands = {
        (row["topic"], row["partition"]): Stand(
            Position(row["next_offset"], row["epoch"], row["nonce"], row["seq"]), row["last_record_id"]
        )
        for row in rows
    }
    foreign = {
        row["topic"] for row in rows
        if (row["cluster_id"], row["topic_id"]) != (identity.cluster_id, identity.topic_ids.get(row["topic"]))
    }  # fmt: skip
    parked: dict[TP, dict[bytes | None, int]] = {}
    for row in await connection.fetch(
        f'SELECT topic, partition, key, min("offset") AS first FROM {schema}.parked_records GROUP BY 1, 2, 3'  # noqa: S608
    ):
        parked.setdefault((row["topic"], row["partition"]), {})[row["key"]] = row["first"]
    return Standing(schema, stands, tuple(sorted(foreign)), parked, await _left_out(connection))


async def _left_out(connection: Any) -> frozenset[tuple[str, int, int]]:
    if await connection.fetchval("SELECT to_regclass('ops.dead_letter_orders')") is None:
        return frozenset()
    rows = await connection.fetch(_SKIPPED)
    return frozenset((row["topic"], row["partition"], row["offset"]) for row in rows)


async def erased(url: str) -> set[str]:
    """The accounts on the list of erasures now."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        if await connection.fetchval("SELECT to_regclass('ops.erasures')") is None:
            return set()
        return {row["account_id"] for row in await connection.fetch("SELECT account_id FROM ops.erasures")}
    finally:
        await connection.close()


async def compare(
    connection: Any,
    standing: Standing,
    shelf: Shelf,
    findings: Findings,
    excepted: Iterable[Stream],
    moved: Callable[[int], None],
) -> int:
    """Compare each table; how many rows there were. `moved` hears how many were looked at."""
    names: Mapping[str, str] = {"users": "lathe.identity", "models": "lathe.catalog"}
    left = frozenset(excepted)
    looked = 0
    for table, columns in TABLES.items():
        topic = names.get(table, "lathe.accounts")
        listed = ", ".join(f'"{name}"' for name in columns)
        async for row in connection.cursor(f"SELECT {listed} FROM {standing.schema}.{table}", prefetch=FETCHED):  # noqa: S608
            looked += 1
            moved(looked)
            if (topic, stream_of(table, row)) not in left:
                _compare_row(table, row, topic, shelf, findings)
    for table, key, stream, topic, partition, place in shelf.each(
        "SELECT name, key, stream, topic, partition, place FROM rows ORDER BY topic, partition, place"
    ):
        if (topic, stream) not in left:
            findings.add("read-models", Place(topic, partition, place), f"{table} has no row for it", f"{table} {key}")
    return looked


def _compare_row(table: str, row: Mapping[str, Any], topic: str, shelf: Shelf, findings: Findings) -> None:
    key = key_of(table, row)
    found = shelf.one("SELECT digest, partition, place FROM rows WHERE name = ? AND key = ?", table, key)
    if found is None:
        findings.add("read-models", Place(topic, 0), f"{table} has a row that no event made", f"{table} {key}")
        return
    shelf.put("DELETE FROM rows WHERE name = ? AND key = ?", table, key)
    if found[0] != digest_of(table, row):
        findings.add("read-models", Place(topic, found[1], found[2]), f"{table} has other values", f"{table} {key}")
