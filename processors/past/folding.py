"""The rows of one account as of an offset, by the read models' own folds."""

import json
from collections import defaultdict
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.dialects.postgresql import JSONB

from adapters.kafka import topics
from adapters.kafka.follower import Follower
from adapters.kafka.port import Log
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Undecodable
from adapters.postgres.read.tables import metadata
from processors.projections.port import Fact, Row, Unfoldable
from processors.projections.registry import READ_MODELS

POLL_MS: Final = 1000
CHUNK: Final = 2000
SEALED: Final = "[sealed]"
_JSON: Final = {
    name: frozenset(column.name for column in table.columns if isinstance(column.type, JSONB))
    for name, table in metadata.tables.items()
}


class NoSuchPlace(Exception):
    """The account has no such place. The message is for people."""


class Past(msgspec.Struct, frozen=True):
    """`rows` by table. `stopped`: the offset of a record that cannot be folded, from which on nothing is told."""

    account_id: str
    at: str
    time: datetime | None
    """When the last of its events up to there was decided."""
    events: int
    epoch: int
    rows: dict[str, list[dict[str, Any]]]
    stopped: tuple[int, str] | None = None


async def past_of(log: Log, account_id: str, *, offset: int | None = None, time: datetime | None = None) -> Past:
    """As of the record at `offset` (that one too), or of all that stood in the log at `time`; else as of now.

    Raises NoSuchPlace, LogUnavailable, LogTruncated.
    """
    tp: TP = (topics.ACCOUNTS.name, topics.account_partition(account_id))
    end = (await log.ends([tp]))[tp]
    if time is not None:
        end = min(end, (await log.offsets_at([tp], int(time.timestamp() * 1000) + 1))[tp])
    if offset is not None:
        if offset >= end:
            raise NoSuchPlace(f"{tp[0]}:{tp[1]} ends before offset {offset}: its last record is at {end - 1}.")
        end = offset + 1
    folding = _Folding(account_id)
    if end > 0:
        follower = Follower(log, {tp: Position()})
        await follower.start()
        try:
            while follower.positions[tp].offset < end:
                if not (entries := await follower.poll(POLL_MS, CHUNK)):
                    await log.ends([tp])  # a broker that is gone only seems silent
                for entry in entries:
                    if entry.record.offset < end:
                        folding.take(entry)
        finally:
            await follower.stop()
    return folding.told(f"{tp[0]}:{tp[1]}@{end - 1}")


class _Folding:
    def __init__(self, account_id: str) -> None:
        self._account_id, self._key = account_id, account_id.encode()
        self._models = [make() for make in READ_MODELS[topics.ACCOUNTS]]
        self._rows: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = defaultdict(dict)
        self._time: datetime | None = None
        self._events = self._epoch = 0
        self._stopped: tuple[int, str] | None = None

    def take(self, entry: Any) -> None:
        self._epoch = entry.after.epoch
        if entry.kind != "event" or entry.record.key != self._key or self._stopped is not None:
            return
        try:
            if isinstance(entry.decoded, Undecodable):
                raise Unfoldable(entry.decoded.why)
            fact = Fact(self._account_id, *entry.decoded)
            for model in self._models:
                if model.takes is None or type(fact.event) in model.takes:
                    model.fold(fact)
        except (Unfoldable, KeyError, TypeError, ValueError) as error:
            self._stopped = (entry.record.offset, str(error))
            return
        self._time, self._events = fact.envelope.time, self._events + 1
        for model in self._models:
            for row in model.drain(fact):
                self._keep(row)

    def told(self, at: str) -> Past:
        for model in self._models:
            for row in model.drain(None):
                self._keep(row)
        if self._events == 0 and self._stopped is None:
            raise NoSuchPlace(f"There is no account {self._account_id} up to {at}.")
        rows = {table: list(by_key.values()) for table, by_key in self._rows.items()}
        return Past(self._account_id, at, self._time, self._events, self._epoch, rows, self._stopped)

    def _keep(self, row: Row) -> None:
        values = dict(zip(row.columns, row.values, strict=True))
        key = tuple(values[column.name] for column in metadata.tables[row.table].primary_key)
        if not row.there:
            self._rows[row.table].pop(key, None)
            return
        for name in _JSON[row.table] & values.keys():
            if isinstance(values[name], str):
                values[name] = _unsealed(json.loads(values[name]))
        self._rows[row.table][key] = values


def _unsealed(value: Any) -> Any:
    """What is sealed is nobody's business here."""
    if isinstance(value, dict):
        return SEALED if "enc" in value and "event_id" in value else {n: _unsealed(v) for n, v in value.items()}
    return [_unsealed(item) for item in value] if isinstance(value, list) else value
