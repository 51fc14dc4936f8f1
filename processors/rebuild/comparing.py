"""Comparing two read schemas that stand at the same offsets: rows counted and hashed, balances summed.

The order of rows means nothing, and neither do times at which something was written.
"""

from typing import Any, Final

import msgspec

from adapters.postgres.read.tables import metadata

_LEFT_OUT: Final = {
    "projection_offsets": frozenset({"updated_at"}),
    "parked_records": frozenset({"why", "role", "parked_at"}),
}
"""Columns that depend on when and in which batches something was folded."""
MONEY: Final = ("balance", "reserved", "granted", "charged", "forfeited")
_COLUMNS: Final = """
SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY column_name
"""


class Sum(msgspec.Struct, frozen=True):
    """What a table holds: so many rows, and the sum of their hashes."""

    rows: int
    hashes: int


class Side(msgspec.Struct, frozen=True):
    """One schema. `columns` and `sums` by table, `money` of all accounts in micro-credits."""

    columns: dict[str, tuple[str, ...]]
    sums: dict[str, Sum]
    money: dict[str, int]
    unbalanced: int
    """Accounts whose balance + reserved is not granted - charged - forfeited."""


class Finding(msgspec.Struct, frozen=True):
    """One table in both schemas."""

    table: str
    live_rows: int
    rows: int
    same: bool


class Comparison(msgspec.Struct, frozen=True):
    """`findings` by table; `money` and `unbalanced` of the schema that was built."""

    findings: tuple[Finding, ...]
    money: dict[str, int]
    unbalanced: int

    @property
    def same(self) -> bool:
        return all(finding.same for finding in self.findings) and not self.unbalanced


async def columns_of(connection: Any, schema: str) -> dict[str, tuple[str, ...]]:
    """The columns that count, by table, of the tables this version knows; none where the schema has no such table."""
    return {
        table: tuple(
            row["column_name"]
            for row in await connection.fetch(_COLUMNS, schema, table)
            if row["column_name"] not in _LEFT_OUT.get(table, ())
        )
        for table in metadata.tables
    }


async def look(connection: Any, schema: str, columns: dict[str, tuple[str, ...]]) -> Side:
    """Count and hash `columns` of a schema, as the connection's transaction sees it."""
    sums = {}
    for table, names in columns.items():
        listed = ", ".join(f'"{name}"' for name in names)
        row = await connection.fetchrow(
            f"SELECT count(*) AS rows, COALESCE(sum(hashtextextended(t::text, 0)), 0) AS hashes "  # noqa: S608 - names of ours
            f"FROM (SELECT {listed} FROM {schema}.{table}) t"
        )
        sums[table] = Sum(int(row["rows"]), int(row["hashes"]))
    money = await connection.fetchrow(
        f"SELECT {', '.join(f'COALESCE(sum({m}), 0)::bigint AS {m}' for m in MONEY)}, "  # noqa: S608 - as above
        f"count(*) FILTER (WHERE balance + reserved <> granted - charged - forfeited) AS unbalanced "
        f"FROM {schema}.accounts"
    )
    return Side(columns, sums, {m: int(money[m]) for m in MONEY}, int(money["unbalanced"]))


def shared(live: dict[str, tuple[str, ...]], built: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The columns that both schemas have."""
    both = {table: tuple(name for name in names if name in live[table]) for table, names in built.items()}
    return {table: names for table, names in both.items() if names}


def compare(live: Side, built: Side) -> Comparison:
    """Of two sides that were looked at with the same columns."""
    findings = tuple(
        Finding(table, live.sums[table].rows, mine.rows, live.sums[table] == mine) for table, mine in built.sums.items()
    )
    return Comparison(findings, built.money, built.unbalanced)
