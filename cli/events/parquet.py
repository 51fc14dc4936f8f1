"""An export as a folder of Parquet files, written by DuckDB.

Compressed with zstd; the columns are those of `adapters/kafka/analysis/columns.py`, in their order.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import duckdb
import msgspec

from adapters.kafka.analysis import ReadEvent
from adapters.kafka.analysis.columns import COLUMNS, row_of
from adapters.whole_files import sync_folder
from cli.client.failures import Misused

LONGEST_ROW: Final = 1 << 24
"""Bytes as JSON: a value of 64 KiB grows when it is quoted."""
_encoder: Final = msgspec.json.Encoder()


class Parquet:
    """`part-000000.parquet`, `part-000001.parquet`… in `folder`; the ledger is `_export.json` there.

    Files that were published are never touched again: they may be moved away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: BinaryIO | None = None
        self._parts = 0
        self.waiting = 0

    @property
    def ledger(self) -> Path:
        return self._folder / "_export.json"

    def begin(self) -> None:
        if any(self._folder.glob("*.parquet")):
            raise Misused(f"{self._folder} holds Parquet files, and no {self.ledger.name}: it is no export to go on "
                          "with. Name another output.")  # fmt: skip
        self._clear()

    def recover(self, mark: int) -> None:
        self._parts = mark
        if mark and self._prepared(mark - 1).exists():  # it counted already, and had not got its name
            self._show(mark - 1)
        self._clear()

    def add(self, read: ReadEvent) -> None:
        if self._rows is None:
            self._rows = self._spool.open("wb")
        self.waiting += self._rows.write(_encoder.encode(row_of(read)) + b"\n")

    def prepare(self) -> int:
        if self._rows is None:
            return self._parts
        self._rows.close()
        self._rows = None
        prepared = self._prepared(self._parts)
        with _database() as database:
            rows = database.read_json(
                str(self._spool),
                format="newline_delimited",
                columns={column.name: column.type for column in COLUMNS},
                maximum_object_size=LONGEST_ROW,
            )
            rows.write_parquet(str(prepared), compression="zstd")
        with prepared.open("rb") as written:
            os.fsync(written.fileno())
        return self._parts + 1

    def publish(self) -> None:
        if self._prepared(self._parts).exists():
            self._show(self._parts)
            self._parts += 1
        self._clear()
        self.waiting = 0

    def _show(self, part: int) -> None:
        self._prepared(part).replace(self._folder / f"part-{part:06d}.parquet")
        sync_folder(self._folder)

    def _prepared(self, part: int) -> Path:
        return self._folder / f".part-{part:06d}.tmp"

    @property
    def _spool(self) -> Path:
        return self._folder / ".rows.tmp"

    def _clear(self) -> None:
        """Take away what does not count."""
        for left in (self._spool, *self._folder.glob(".part-*.tmp")):
            left.unlink(missing_ok=True)


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    """In memory, as quiet as the rest: two threads, and nothing is fetched from elsewhere."""
    with duckdb.connect(":memory:", config={"threads": 2, "autoinstall_known_extensions": False}) as database:
        yield database
