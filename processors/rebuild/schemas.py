"""Names of read schemas, and which is to be built."""

import re
from typing import Any, Final

import msgspec

from adapters.postgres.read.migrate import live_schema
from adapters.postgres.rebuilds import end, unfinished

_NAME: Final = re.compile(r"read_v([1-9][0-9]{0,3})")
_MOST: Final = 9999
LOCK: Final = 0x4C617468_52654275
"""Advisory lock "LathReBu": one rebuild at a time, and nothing is dropped under one."""


class Refused(Exception):
    """What was asked for cannot be done; the text says why, and what can."""


class Plan(msgspec.Struct, frozen=True):
    """`target` is built beside `live`; `rebuild_id` names the rebuild that is gone on with, if there is one."""

    live: str
    target: str
    rebuild_id: int | None = None


async def plan(connection: Any) -> Plan:
    """What a rebuild does now: the one that was broken off, or a new one under the next name."""
    live = await live_schema(connection)
    known = await connection.fetchval("SELECT to_regclass('ops.rebuilds')") is not None
    begun = await unfinished(connection) if known else None
    if begun is not None and begun.schema != live:
        return Plan(live, begun.schema, begun.rebuild_id)
    return Plan(live, await _next_name(connection, live))


async def _next_name(connection: Any, live: str) -> str:
    rows = await connection.fetch("SELECT nspname FROM pg_namespace")
    numbers = [int(found[1]) for row in (*rows, {"nspname": live}) if (found := _NAME.fullmatch(row["nspname"]))]
    if (number := max(numbers, default=0) + 1) > _MOST:
        raise Refused(f"there is no name after read_v{_MOST}: drop old read schemas first")
    return f"read_v{number}"


async def exists(connection: Any, schema: str) -> bool:
    return bool(await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", schema))


async def drop(connection: Any, schema: str) -> None:
    """Drop a read schema that does not serve. Raises Refused, also while a rebuild runs: it may be of this schema."""
    if not _NAME.fullmatch(schema):
        raise Refused(f"{schema} is no read schema: those are called read_v<n>")
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
            raise Refused("a rebuild is running, and may need it: drop it when GET /admin/rebuilds shows its end")
        if schema == await live_schema(connection):
            raise Refused(f"{schema} serves, and what serves is not dropped")
        if not await exists(connection, schema):
            raise Refused(f"there is no {schema}")
        await connection.execute(f"DROP SCHEMA {schema} CASCADE")
        if (begun := await unfinished(connection)) is not None and begun.schema == schema:
            await end(connection, begun.rebuild_id, "failed", "what it had built was dropped")
