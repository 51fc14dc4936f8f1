"""The rows that the log calls for, by the projections' own folds: a digest of each lies on the shelf.

One table after the other is compared with them (`tables.py`); memory grows with accounts and open tasks only.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy.dialects.postgresql import JSONB

from adapters.kafka.position import TP
from adapters.postgres.read.tables import metadata
from domain.envelope import Envelope
from processors.projections.models import PREFIX
from processors.projections.port import Fact, Row, Rows, Unfoldable
from processors.projections.registry import READ_MODELS
from processors.verify.findings import Broken
from processors.verify.shelf import Shelf

_MAKERS: Final = {topic.name: makers for topic, makers in READ_MODELS.items()}
TABLES: Final = {
    name: tuple(column.name for column in table.columns)
    for name, table in metadata.tables.items()
    if name not in ("projection_offsets", "parked_records")
}
"""Compared tables with their columns, in the order of the digest."""
KEYS: Final = {name: tuple(column.name for column in metadata.tables[name].primary_key) for name in TABLES}
_JSON: Final = {
    name: frozenset(c.name for c in metadata.tables[name].columns if isinstance(c.type, JSONB)) for name in TABLES
}
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class ExpectedRows:
    """Of one partition up to `until`, where the read models stand. `parked`: stream key → offset of its first parked
    record, from which on nothing of it is in the tables."""

    def __init__(self, tp: TP, shelf: Shelf, until: int, parked: Mapping[bytes | None, int]) -> None:
        self._tp, self._shelf, self._parked = tp, shelf, parked
        self.until = until
        self._models: list[Rows] = [make() for make in _MAKERS[tp[0]]]
        self._last: dict[str, int] = {}
        """Stream or task that may still change → offset of its last event."""

    def take(self, key: str, event: msgspec.Struct, envelope: Envelope, offset: int) -> None:
        """Fold an event. Raises Broken where the projector would park it."""
        if offset >= self.until or offset >= self._parked.get(key.encode(), self.until):
            return
        try:
            fact = Fact(key, envelope, event)
            for rows in self._models:
                if rows.takes is None or type(event) in rows.takes:
                    rows.fold(fact)
            self._last[key.removeprefix(PREFIX)] = offset
            self._last |= {entry.task_id: offset for entry in fact.moved}
            for rows in self._models:
                self._keep(rows.drain(fact), offset)
        except (Unfoldable, KeyError, TypeError, ValueError) as error:
            raise Broken("history", f"the read models cannot take it: {error}") from error
        for entry in fact.moved:
            if entry.terminal:
                self._last.pop(entry.task_id, None)

    def finish(self) -> None:
        """The rest: what may still change after `until`."""
        for rows in self._models:
            for row in rows.drain(None):
                known = (self._last.get(str(value)) for value in row.values[:2])
                self._keep([row], next((offset for offset in known if offset is not None), self.until - 1))

    def _keep(self, rows: Iterable[Row], offset: int) -> None:
        for row in rows:
            values = dict(zip(row.columns, row.values, strict=True))
            key = key_of(row.table, values)
            if not row.there:
                if not self._shelf.put("DELETE FROM rows WHERE name = ? AND key = ?", row.table, key):
                    raise Broken("history", f"{row.table} {key} is deleted, and was not there")
            elif not self._shelf.put(
                "INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(row.table, key, digest_of(row.table, values), stream_of(row.table, values), *self._tp, offset),
            ):
                raise Broken("history", f"{row.table} {key} is made twice")


def key_of(table: str, values: Mapping[str, Any]) -> str:
    """The primary key of a row as text."""
    return "/".join(str(values[name]) for name in KEYS[table])


def stream_of(table: str, values: Mapping[str, Any]) -> str:
    """The key of the stream whose events make the row."""
    if table == "models":
        return f"{PREFIX}{values['model']}"
    return str(values["user_id"] if table == "users" else values["account_id"])


def digest_of(table: str, values: Mapping[str, Any]) -> bytes:
    """The same for the same row, from the log or from PostgreSQL. Columns that are missing are null."""
    json_columns = _JSON[table]
    plain = [
        _plain(json.loads(value)) if name in json_columns and isinstance(value := values.get(name), str)
        else values.get(name)
        for name in TABLES[table]
    ]  # fmt: skip
    return hashlib.blake2b(_encode(plain), digest_size=12).digest()


def _plain(value: Any) -> Any:
    """jsonb keeps numbers, not how they were written: 2.0 is 2."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else value
