"""Leaving out again what operators left out: a rebuild meets every poison record anew."""

from typing import Final

from processors.projections import leadership
from processors.projections.healing import Stream, heal

_DECIDED: Final = """
SELECT o.topic, o.partition, o."offset", p.key FROM ops.dead_letter_orders o
JOIN parked_records p ON p.topic = o.topic AND p.partition = o.partition AND p."offset" = o."offset"
WHERE o.action = 'skip' AND o.outcome = 'skipped' ORDER BY o.order_id
"""


async def skip_again(url: str, schema: str) -> int:
    """Carry out in `schema` each skip that was carried out in the models that serve, in the same order; how many.

    Nobody projects into `schema` meanwhile: its lock is taken.
    """
    connection = await leadership.connect(url, schema)
    try:
        await leadership.become_leader(connection, schema)
        skipped = 0
        async with connection.transaction():
            for row in await connection.fetch(_DECIDED):
                healed = await heal(connection, Stream(row["topic"], row["partition"], row["key"]), row["offset"])
                skipped += healed.outcome != "not-first"
        return skipped
    finally:
        connection.terminate()
