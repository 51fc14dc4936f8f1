"""Folding a parked stream after all: from its first record on, in order, as far as it goes.

Everything happens inside the caller's transaction.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from adapters.kafka.follower import Entry
from adapters.kafka.position import Position
from adapters.kafka.record import Record, decode
from processors.projections.batch import Batch
from processors.projections.blame import BLAMED, blame_of
from processors.projections.passing import pass_over
from processors.projections.port import Connection

CHUNK: Final = 500
"""Records that are loaded at once."""


class Stream(msgspec.Struct, frozen=True):
    """One key of a partition. Records without a key belong to one stream of their own."""

    topic: str
    partition: int
    key: bytes | None


class Healed(msgspec.Struct, frozen=True):
    """`folded` records are in the read models now, `left` are parked still, the first of them because of `why`."""

    outcome: str
    folded: int = 0
    left: int = 0
    why: str | None = None

    @property
    def freed(self) -> bool:
        """Nothing of the stream is parked: it goes on."""
        return self.left == 0


async def heal(connection: Connection, stream: Stream, skipped: int | None = None) -> Healed:
    """Fold what is parked of `stream`. `skipped`: the offset of its first record, which is left out for good."""
    first = (await _parked(connection, stream, 2)) or []
    if skipped is not None:
        if not first or first[0].offset != skipped:
            return Healed("not-first", left=await _count(connection, stream))
        await pass_over(connection, first[0], first[1] if len(first) > 1 else None)
        await _unpark(connection, stream, skipped)
    folded, why = 0, None
    while why is None and (records := await _parked(connection, stream, CHUNK)):
        entries = [Entry(record, "event", Position(), decode(record)) for record in records]
        count, why = await _fold(connection, entries)
        if count:
            await _unpark(connection, stream, records[count - 1].offset)
        if why is not None:
            await connection.execute(_BLAME, *_where(stream), records[count].offset, why[:500])
        folded += count
    outcome = "skipped" if skipped is not None else "failed" if why is not None and not folded else "folded"
    return Healed(outcome, folded, await _count(connection, stream), why)


async def _fold(connection: Connection, entries: Sequence[Entry]) -> tuple[int, str | None]:
    """How many of one stream's entries could be folded, from the first on, and why not the next one."""
    batch = Batch(entries, set(), {})
    good = len(entries) - len(batch.parked)
    why = batch.parked[0].why if batch.parked else None
    if good == 0:
        return 0, why
    try:
        async with connection.transaction():
            for models in batch.rows.values():
                for rows in models:
                    await rows.write(connection)
    except BLAMED as error:
        if good == 1:
            return 0, blame_of(error)
        middle = good // 2
        done, why = await _fold(connection, entries[:middle])
        if done < middle:
            return done, why
        more, why = await _fold(connection, entries[middle:])
        return middle + more, why
    return good, why


async def _parked(connection: Connection, stream: Stream, most: int) -> list[Record]:
    rows = await connection.fetch(_LOAD, *_where(stream), most)
    return [_record(row) for row in rows]


def _record(row: Any) -> Record:
    headers = tuple((name, value) for name, value in msgspec.msgpack.decode(row["headers"]))
    return Record(row["topic"], row["partition"], row["offset"], 0, row["key"], row["value"], headers)


async def _count(connection: Connection, stream: Stream) -> int:
    return int(await connection.fetchval(_COUNT, *_where(stream)))


async def _unpark(connection: Connection, stream: Stream, up_to: int) -> None:
    await connection.execute(_UNPARK, *_where(stream), up_to)


def _where(stream: Stream) -> tuple[str, int, bytes | None]:
    return stream.topic, stream.partition, stream.key


_OF_STREAM = "FROM parked_records WHERE topic = $1 AND partition = $2 AND key IS NOT DISTINCT FROM $3"
_LOAD = f'SELECT * {_OF_STREAM} ORDER BY "offset" LIMIT $4'
_COUNT = f"SELECT count(*) {_OF_STREAM}"
_UNPARK = f'DELETE {_OF_STREAM} AND "offset" <= $4'
_BLAME = """
UPDATE parked_records SET role = 'poison', why = $5
WHERE topic = $1 AND partition = $2 AND key IS NOT DISTINCT FROM $3 AND "offset" = $4
"""
