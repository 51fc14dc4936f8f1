"""Orders about parked records, carried out by the one who projects, between its batches.

Each order is one transaction: the rows that are folded, the records that are parked no longer, and what came of it.
What was left out by an order before is left out again when it is parked again: after a restore, say, or when an order
was carried out while the models that serve now were being built.
"""

from collections.abc import Callable
from typing import Any, Final

import structlog

from adapters.postgres.dead_letters import CHANNEL
from adapters.postgres.read.tables import SCHEMA
from processors.projections import offsets
from processors.projections.healing import Stream, heal
from processors.projections.port import Connection
from processors.projections.skips import skip_again
from processors.projections.writing import Writer

log = structlog.get_logger(__name__)
_OPEN: Final = """
SELECT * FROM ops.dead_letter_orders
WHERE done_at IS NULL AND current_schema() = COALESCE((SELECT schema FROM ops.live_read_schema), $1)
ORDER BY order_id LIMIT 1 FOR UPDATE
"""
"""Orders are about the read models that serve; those beside them have their own projector."""
_PARKED: Final = """
SELECT key FROM parked_records WHERE topic = $1 AND partition = $2 AND "offset" = $3
"""
_STAND: Final = """
SELECT next_offset FROM projection_offsets
WHERE projection = $1 AND topic = $2 AND partition = $3 AND next_offset = $4 FOR UPDATE
"""
_DONE: Final = """
UPDATE ops.dead_letter_orders SET done_at = now(), outcome = $2, folded = $3, "left" = $4, why = $5
WHERE order_id = $1
"""


class Orders:
    """For one term of a projector: `writer` knows where it stands, and learns which streams are parked no longer."""

    def __init__(self, connection: Connection, writer: Writer) -> None:
        self._connection, self._writer = connection, writer
        self._due = True
        self._parked = writer.parked_records
        """So many records the writer had parked when skips were last looked at."""

    async def listen(self, wake: Callable[[], None]) -> None:
        """Hear of new orders; `wake` is called with each."""

        def heard(*_: Any) -> None:
            self._due = True
            wake()

        await self._connection.add_listener(CHANNEL, heard)

    async def carry_out(self) -> None:
        """All open orders. Raises offsets.Superseded, and database errors: then the order stays open."""
        anew = self._due or self._writer.parked_records > self._parked
        while self._due:
            async with self._connection.transaction():
                order = await self._connection.fetchrow(_OPEN, SCHEMA)
                self._due = order is not None
                freed = None if order is None else await self._carry_out(order)
            if freed is not None:
                self._writer.parked_streams.discard(freed)
        if anew:
            await self._skip_again()

    async def _skip_again(self) -> None:
        self._parked = self._writer.parked_records
        async with self._connection.transaction():
            skipped = await skip_again(self._connection)
        for stream, healed in skipped:
            log.info("a dead letter was left out again", topic=stream.topic, partition=stream.partition,
                     folded=healed.folded, left=healed.left)  # fmt: skip
            if healed.freed:
                self._writer.parked_streams.discard((stream.topic, stream.key))

    async def _carry_out(self, order: Any) -> tuple[str, bytes | None] | None:
        """The stream that is parked no longer, if there is one."""
        tp = (order["topic"], order["partition"])
        record = await self._connection.fetchrow(_PARKED, *tp, order["offset"])
        if record is None:
            await self._connection.execute(_DONE, order["order_id"], "not-parked", 0, 0, None)
            return None
        if await self._connection.fetchval(_STAND, offsets.PROJECTION, *tp, self._writer.positions[tp]) is None:
            raise offsets.Superseded("another projector has moved the offsets on")
        stream = Stream(*tp, record["key"])
        healed = await heal(self._connection, stream, order["offset"] if order["action"] == "skip" else None)
        log.info("an order about a dead letter was carried out", order=order["order_id"], outcome=healed.outcome,
                 folded=healed.folded, left=healed.left)  # fmt: skip
        await self._connection.execute(_DONE, order["order_id"], healed.outcome, healed.folded, healed.left, healed.why)
        return (stream.topic, stream.key) if healed.freed else None
