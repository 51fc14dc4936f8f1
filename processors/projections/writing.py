"""Writing batches: one transaction holds rows, parked records and offsets. A batch with poison in it is halved."""

from collections.abc import Mapping, Sequence

from adapters.kafka.follower import Entry
from adapters.kafka.position import TP
from processors.projections import metrics, offsets
from processors.projections.batch import Batch
from processors.projections.blame import BLAMED, blame_of
from processors.projections.parking import Stream, park
from processors.projections.port import Connection, json_of


class Writer:
    """Applies entries in order; `positions` and `parked_streams` follow what was committed."""

    def __init__(self, connection: Connection, positions: Mapping[TP, int], parked_streams: set[Stream]) -> None:
        self.connection = connection
        self.positions = dict(positions)
        self.parked_streams = parked_streams
        self.parked_records = 0
        """Records parked by this writer."""

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Write all entries, or raise with a prefix of them written. Raises offsets.Superseded and what is to be
        retried: database and network errors."""
        await self.write(Batch(entries, self.parked_streams, {}))

    async def write(self, batch: Batch) -> None:
        """`apply` for entries that are folded already. They are folded anew if other streams are parked by now."""
        if batch.assumed != self.parked_streams:
            batch = Batch(batch.entries, self.parked_streams, {})
        try:
            await self._commit(batch)
        except BLAMED as error:
            entries = batch.entries
            if len(entries) == 1:
                await self._commit(Batch(entries, self.parked_streams, {0: blame_of(error)}))
                return
            middle = len(entries) // 2
            await self.apply(entries[:middle])
            await self.apply(entries[middle:])

    async def _commit(self, batch: Batch) -> None:
        after = {tp: entry.after.offset for tp, entry in batch.last.items()}
        async with self.connection.transaction():
            await offsets.advance(self.connection, batch.last, self.positions)
            for models in batch.rows.values():
                for rows in models:
                    await rows.write(self.connection)
            if batch.parked:
                await park(self.connection, batch.parked)
            payload = json_of({f"{topic}:{partition}": offset for (topic, partition), offset in after.items()})
            await self.connection.execute("SELECT pg_notify(current_schema(), $1)", payload)
        self.positions |= after
        self.parked_streams |= batch.blocked
        self.parked_records += len(batch.parked)
        for parked in batch.parked:
            metrics.PARKED.labels(parked.entry.record.topic).inc()
