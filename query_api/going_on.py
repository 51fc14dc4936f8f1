"""Where a reader goes on that only tells what happens now, when the log does not hold its place any more.

Whoever answers for every event waits for the right log (`adapters/kafka/lost_place.py`). A live feed answers for none:
what it told stands in the read models or is gone with the log, and what happens now is told from the present log.
"""

from collections.abc import Mapping

from adapters.kafka.analysis.beginning import Beginning, begin_at
from adapters.kafka.follower import read
from adapters.kafka.place import require_place
from adapters.kafka.port import Log, LogTruncated
from adapters.kafka.position import TP, Position


async def places_anew(log: Log, positions: Mapping[TP, Position]) -> dict[TP, Position]:
    """For each position to which the log does not lead: the newest claim that stands in the log, else its first record.

    Raises LogUnavailable.
    """
    lost = [tp for tp, position in positions.items() if not await _is_held(log, tp, position)]
    if not lost:
        return {}
    beginning = await begin_at(log, await log.ends(lost))
    return {tp: await _claim_or_first(log, beginning, tp) for tp in lost}


async def _is_held(log: Log, tp: TP, position: Position) -> bool:
    try:
        await require_place(log, {tp: position})
    except LogTruncated:
        return False
    return True


async def _claim_or_first(log: Log, beginning: Beginning, tp: TP) -> Position:
    """The claim that was announced may be one of those that the log lost."""
    position = beginning.positions[tp]
    if position.offset > 0:
        try:
            (record,) = await log.records_at(tp, [position.offset])
            beginning.check(read(position, record))
        except LogTruncated:
            return Position()
    return position
