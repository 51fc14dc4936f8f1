"""Generated histories as they would stand in the log, and read models that were copied and never updated."""

from typing import Any

import msgspec

from adapters.kafka import topics
from adapters.kafka.follower import Entry, read
from adapters.kafka.position import Position
from adapters.kafka.readrule import claim_headers, event_headers
from adapters.kafka.record import Record, encode_headers, encode_value
from domain.account.decider import AccountDecider
from domain.account.state import Accounts
from domain.envelope import Envelope
from domain.ownership import OwnershipClaimed
from domain.registry import TYPE_OF
from processors.projections.port import Rows

History = list[tuple[str, msgspec.Struct, Envelope]]
TP = (topics.ACCOUNTS.name, 0)
OWNER_TERM = 7
"""Events of one owner before the next one claims the partition, while the one before it still writes."""


def records_of(history: History) -> list[Record]:
    """The history on the wire: with claims, and with records of owners that were replaced among it (which are void)."""
    records: list[Record] = []
    versions: dict[str, int] = {}
    epoch = seq = 0

    def put(key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        records.append(Record(*TP, len(records), 0, key, value, tuple(headers)))

    for i, (key, event, envelope) in enumerate(history):
        if i % OWNER_TERM == 0:
            epoch, seq = epoch + 1, 0
            claim = OwnershipClaimed(epoch=epoch, nonce=f"n{epoch}", address="http://owner")
            told = msgspec.structs.replace(envelope, type=TYPE_OF[type(claim)], subject="owner/0")
            put(b"owner/0", encode_value(claim), encode_headers(told) + claim_headers(epoch, f"n{epoch}"))
        versions[key] = versions.get(key, 0) + 1
        seq += 1
        headers = encode_headers(msgspec.structs.replace(envelope, stream_version=versions[key]))
        if epoch > 1 and i % 2:
            put(key.encode(), encode_value(event), headers + event_headers(epoch - 1, seq))
        put(key.encode(), encode_value(event), headers + event_headers(epoch, seq))
    return records


def entries_of(records: list[Record], start: Position | None = None) -> list[Entry]:
    """The records from `start` on by the read rule."""
    entries: list[Entry] = []
    position = start or Position()
    for record in records[position.offset :]:
        entries.append(read(position, record))
        position = entries[-1].after
    return entries


def replayed(entries: list[Entry]) -> Accounts:
    """The state of an owner that starts from nothing and reads the log. Events stand where the history has them."""
    decider = AccountDecider(tasks=None, files=None)
    state = decider.initial()
    events = (entry for entry in entries if entry.kind == "event")
    for place, entry in enumerate(events):
        decoded: Any = entry.decoded
        assert entry.record.key is not None
        envelope = msgspec.structs.replace(decoded[0], offset=place)
        decider.evolve(state, entry.record.key.decode(), decoded[1], envelope)
    return state


class Copied:
    """Stands for the connection of a rebuild that folds everything in one batch: such a one only ever copies."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {}

    async def write(self, models: list[Rows]) -> None:
        for rows in models:
            await rows.write(self)

    async def copy_records_to_table(self, table: str, columns: tuple[str, ...], records: Any) -> None:
        rows = self.tables.setdefault(table, [])
        rows += [dict(zip(columns, record, strict=True)) for record in records]

    async def fetch(self, query: str) -> list[dict[str, Any]]:
        """`SELECT * FROM` one table, with PostgreSQL's null for what was not copied."""
        assert query.startswith("SELECT * FROM ")
        return self.tables.get(query.removeprefix("SELECT * FROM "), [])
