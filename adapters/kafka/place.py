"""Whether a log still is the one in which a position was reached.

A log that lost its end grows again under a later claim, and soon holds the offset at which a reader stood before: to
that reader each new event is void, for ever. So the log must hold the record that made the position what it is, nothing
valid behind it, and the claim by whose nonce its epoch is known. Void records prove nothing.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from adapters.kafka.port import Log, LogTruncated
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import judge
from adapters.kafka.record import Record

LOOK_BACK: Final = 1000
"""So many void records in a row are looked past: a superseded owner leaves a batch or two, and most have none."""
_STRETCH: Final = 100


async def require_place(log: Log, positions: Mapping[TP, Position]) -> None:
    """Raises LogTruncated for a position to which the log does not lead, LogUnavailable. Two reads for each, mostly."""
    ends = await log.ends(positions) if positions else {}
    for tp, position in positions.items():
        if position.offset > ends[tp]:  # one offset further on a read would wait for what is to come
            raise LogTruncated(f"{tp[0]}:{tp[1]} ends at {ends[tp]}, before {position}: it was cut or replaced")
        if position.epoch > 0 and not await _leads_to(log, tp, position):
            raise LogTruncated(f"{tp[0]}:{tp[1]} does not lead to {position}: it was cut or replaced")


async def _leads_to(log: Log, tp: TP, position: Position) -> bool:
    void: list[Record] = []
    async for record in _backwards(log, tp, position.offset):
        made = _after(position, record)
        if made is not None:
            for later in reversed(void):
                kind, made = judge(made, later)
                if kind != "void":
                    return False
            return position.seq == 0 or await _holds_claim(log, tp, position, record.offset - position.seq + 1)
        void.append(record)
    return False


def _after(position: Position, record: Record) -> Position | None:
    """The position right after `record`, if it is the one that led to `position`."""
    epoch, seq = (position.epoch - 1, 0) if position.seq == 0 else (position.epoch, position.seq - 1)
    kind, after = judge(Position(record.offset, epoch, position.nonce, seq), record)
    fits = kind != "void" and (after.epoch, after.nonce, after.seq) == (position.epoch, position.nonce, position.seq)
    return after if fits else None


async def _holds_claim(log: Log, tp: TP, position: Position, end: int) -> bool:
    """Whether its epoch's claim stands before `end`."""
    claimed = Position(0, position.epoch, position.nonce, 0)
    async for record in _backwards(log, tp, end):
        if _after(claimed, record) is not None:
            return True
    return False


async def _backwards(log: Log, tp: TP, end: int) -> AsyncIterator[Record]:
    """The records before `end`, the last first: one, then more at a time."""
    first, stretch = max(0, end - LOOK_BACK), 1
    while end > first:
        begin = max(first, end - stretch)
        for record in reversed(await log.records_at(tp, range(begin, end))):
            yield record
        end, stretch = begin, _STRETCH
