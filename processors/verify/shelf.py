"""What is looked up again later, in a file that SQLite keeps for itself: memory does not grow with the log."""

import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

_TABLES: Final = """
CREATE TABLE assigned (task TEXT, attempt INTEGER, worker TEXT, account TEXT, partition INTEGER, request INTEGER,
                       place INTEGER, requested INTEGER DEFAULT 0, PRIMARY KEY (task, attempt, worker)) WITHOUT ROWID;
CREATE TABLE runs (partition INTEGER, place INTEGER, type TEXT, task TEXT, attempt INTEGER,
                   PRIMARY KEY (partition, place)) WITHOUT ROWID;
CREATE TABLE ended (task TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE files (file TEXT PRIMARY KEY, account TEXT, sha256 TEXT, bytes INTEGER, partition INTEGER, place INTEGER)
    WITHOUT ROWID;
CREATE TABLE rows (name TEXT, key TEXT, digest BLOB, stream TEXT, topic TEXT, partition INTEGER, place INTEGER,
                   PRIMARY KEY (name, key)) WITHOUT ROWID;
CREATE TABLE found (name TEXT, key TEXT, digest BLOB, stream TEXT);
"""
CACHE_KIB: Final = 64 * 1024
"""Memory that it takes at most, about."""


class Shelf:
    """One for one verification; its file is gone with it."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; "
            f"PRAGMA cache_size = -{CACHE_KIB};"
        )
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def put(self, statement: str, *values: Any) -> bool:
        """Whether a row was written: False when one with its key is there already (`INSERT OR IGNORE`)."""
        return self._database.execute(statement, values).rowcount > 0

    def one(self, statement: str, *values: Any) -> Any:
        """The first row, or None."""
        return self._database.execute(statement, values).fetchone()

    def each(self, statement: str, *values: Any) -> Iterator[Any]:
        yield from self._database.execute(statement, values)
