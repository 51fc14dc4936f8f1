"""The schema `ops`: copied as PostgreSQL's own text, table by table, and put back into a new schema."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from adapters.kafka.position import TP, Position
from adapters.postgres.ops_models import SCHEMA, OpsBase
from processors.backup.manifest import BadBackup, Table, check, digest

LEFT_OUT: Final = frozenset({"live_read_schema", "rebuilds", "tickets"})
"""Of the read models, which are built anew, and what lives for seconds."""
KEYS: Final = "account_keys"
TABLES: Final = tuple(f"{table.name}" for table in OpsBase.metadata.sorted_tables if table.name not in LEFT_OUT)
"""In an order in which they can be filled."""


async def revision_of(connection: Any) -> str:
    return str(await connection.fetchval("SELECT version_num FROM ops.alembic_version"))


async def copy_table(connection: Any, name: str, folder: Path, place: str) -> Table:
    """As the connection's transaction sees it. Raises OSError."""
    columns = [row["column_name"] for row in await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 "
        "ORDER BY ordinal_position", SCHEMA, name,
    )]  # fmt: skip
    path = folder / place / f"{name}.copy"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        done = await connection.copy_from_table(name, schema_name=SCHEMA, columns=columns, output=file)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o600)
    return Table(name, tuple(columns), str(path.relative_to(folder)), int(done.rpartition(" ")[2]), digest(path))


async def copy_erasures_since(connection: Any, known: Iterable[str], folder: Path, place: str) -> Table:
    """Who was deleted since `known` were: to be erased again from the beginning, for the log that is kept may not know
    of it, while keys and objects are not kept any more. Raises OSError."""
    columns = ("account_id", "deleted_at")
    path = folder / place / "erasures-since.copy"
    with path.open("wb") as file:
        done = await connection.copy_from_query(
            f"SELECT {', '.join(columns)} FROM {SCHEMA}.erasures WHERE account_id <> ALL($1::text[])",  # noqa: S608
            list(known),
            output=file,
        )
        file.flush()
        os.fsync(file.fileno())
    return Table("erasures", columns, str(path.relative_to(folder)), int(done.rpartition(" ")[2]), digest(path))


async def is_empty(connection: Any) -> bool:
    """Whether nobody's data is there yet; the schema itself may be."""
    for name in TABLES:
        if await connection.fetchval("SELECT to_regclass($1)", f"{SCHEMA}.{name}") is None:
            continue
        if name != "audit" and await connection.fetchval(f"SELECT EXISTS (SELECT FROM {SCHEMA}.{name})"):  # noqa: S608 - a name of ours
            return False
    return True


async def fill_table(connection: Any, table: Table, folder: Path) -> None:
    """Raises BadBackup, and asyncpg's errors when the backup has what this version does not know."""
    if table.name not in TABLES:
        raise BadBackup(f"This version of Lathe has no table {SCHEMA}.{table.name}: restore with the one that made it.")
    path = check(folder, table.file, table.sha256)
    with path.open("rb") as file:
        await connection.copy_to_table(table.name, schema_name=SCHEMA, columns=list(table.columns), source=file)
    for column in OpsBase.metadata.tables[f"{SCHEMA}.{table.name}"].columns:
        if column.identity is not None:
            await connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{SCHEMA}.{table.name}', '{column.name}'), "  # noqa: S608
                f"(SELECT COALESCE(max({column.name}), 0) + 1 FROM {SCHEMA}.{table.name}), false)"
            )


async def require_cursors_within(connection: Any, ends: dict[TP, Position]) -> None:
    """Cursors are older than the cut; one that is not (of a topic that was cut short) begins where the log ends."""
    for tp, end in ends.items():
        await connection.execute(
            f"UPDATE {SCHEMA}.cursors SET next_offset = $3, epoch = $4, nonce = $5, seq = $6 "  # noqa: S608
            "WHERE topic = $1 AND partition = $2 AND next_offset > $3",
            *(*tp, end.offset, end.epoch, end.nonce, end.seq),
        )
