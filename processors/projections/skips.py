"""Leaving out again what operators left out: who folds the log anew meets every poison record anew."""

from typing import Final

from processors.projections.healing import Healed, Stream, heal
from processors.projections.port import Connection

_DECIDED: Final = """
SELECT o.topic, o.partition, o."offset", p.key FROM ops.dead_letter_orders o
JOIN parked_records p ON p.topic = o.topic AND p.partition = o.partition AND p."offset" = o."offset"
WHERE o.action = 'skip' AND o.outcome = 'skipped' ORDER BY o.order_id
"""


async def skip_again(connection: Connection) -> list[tuple[Stream, Healed]]:
    """Carry out each skip that was carried out before and whose record is parked, in the same order, inside the
    caller's transaction. Returns what came of each."""
    found = []
    for row in await connection.fetch(_DECIDED):
        stream = Stream(row["topic"], row["partition"], row["key"])
        healed = await heal(connection, stream, row["offset"])
        if healed.outcome != "not-first":
            found.append((stream, healed))
    return found
