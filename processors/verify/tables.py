"""The read models as they were at one moment, and their comparison with the rows that the log calls for.

What is compared is copied first, in a transaction that ends before the log is read: while it is open, PostgreSQL can
clear away nothing that anybody deletes or replaces.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import asyncpg
import msgspec

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.position import TP, Position
from adapters.postgres.read.migrate import live_schema
from processors.projections.offsets import PROJECTION, Stand
from processors.telling import Tell
from processors.verify.expected import TABLES, digest_of, key_of, stream_of
from processors.verify.findings import Findings, Place
from processors.verify.moving import Moving
from processors.verify.shelf import Shelf

FETCHED: Final = 2000
_SKIPPED: Final = """
SELECT topic, partition, "offset" FROM ops.dead_letter_orders WHERE action = 'skip' AND outcome = 'skipped'
"""
Stream = tuple[str, str]
"""(topic, key)."""


class Standing(msgspec.Struct, frozen=True):
    """What is read before the log, all of it as it was at one moment. The rows lie on the shelf, as `found`."""

    schema: str
    stands: dict[TP, Stand]
    foreign: tuple[str, ...]
    """Topics that were another log's when they were folded."""
    parked: dict[TP, dict[bytes | None, int]]
    """Stream key → its first parked offset."""
    left_out: frozenset[tuple[str, int, int]]
    """(topic, partition, offset) of records that operators left out: rows of their streams differ on purpose."""


async def taken(url: str, identity: LogIdentity, shelf: Shelf, tell: Tell) -> Standing | None:
    """Where the read models stand, and their rows. None where nothing was ever projected. Raises asyncpg's errors."""
    connection = await asyncpg.connect(url, timeout=10, server_settings={"idle_in_transaction_session_timeout": "0"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            standing = await _look(connection, identity)
            if standing is not None and not standing.foreign:
                await _copy(connection, standing.schema, shelf, tell)
            return standing
    finally:
        connection.terminate()


async def _look(connection: Any, identity: LogIdentity) -> Standing | None:
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


async def _copy(connection: Any, schema: str, shelf: Shelf, tell: Tell) -> None:
    """Of each row its key, its stream and a digest."""
    total = sum([await connection.fetchval(f"SELECT count(*) FROM {schema}.{table}") for table in TABLES])  # noqa: S608 - names of ours
    moved, copied = Moving(tell, "copying", total), 0
    for table, columns in TABLES.items():
        listed = ", ".join(f'"{name}"' for name in columns)
        async for row in connection.cursor(f"SELECT {listed} FROM {schema}.{table}", prefetch=FETCHED):  # noqa: S608 - as above
            place = (table, key_of(table, row), digest_of(table, row), stream_of(table, row))
            shelf.put("INSERT INTO found VALUES (?, ?, ?, ?)", *place)
            copied += 1
            moved(copied)


async def compare(shelf: Shelf, findings: Findings, excepted: Iterable[Stream], tell: Tell) -> int:
    """Compare the rows that were found with those that the log calls for; how many there were."""
    names: Mapping[str, str] = {"users": "lathe.identity", "models": "lathe.catalog"}
    left = frozenset(excepted)
    total: int = shelf.one("SELECT count(*) FROM found")[0]
    moved = Moving(tell, "comparing", total)
    for looked, (table, key, digest, stream) in enumerate(shelf.each("SELECT * FROM found"), start=1):
        moved(looked)
        if looked % FETCHED == 0:
            await asyncio.sleep(0)  # it may be cancelled
        topic = names.get(table, "lathe.accounts")
        if (topic, stream) not in left:
            _compare_row(table, key, digest, topic, shelf, findings)
    for table, key, stream, topic, partition, place in shelf.each(
        "SELECT name, key, stream, topic, partition, place FROM rows ORDER BY topic, partition, place"
    ):
        if (topic, stream) not in left:
            findings.add("read-models", Place(topic, partition, place), f"{table} has no row for it", f"{table} {key}")
    return total


def _compare_row(table: str, key: str, digest: bytes, topic: str, shelf: Shelf, findings: Findings) -> None:
    expected = shelf.one("SELECT digest, partition, place FROM rows WHERE name = ? AND key = ?", table, key)
    if expected is None:
        findings.add("read-models", Place(topic, 0), f"{table} has a row that no event made", f"{table} {key}")
        return
    shelf.put("DELETE FROM rows WHERE name = ? AND key = ?", table, key)
    if expected[0] != digest:
        place = Place(topic, expected[1], expected[2])
        findings.add("read-models", place, f"{table} has other values", f"{table} {key}")
