"""The last records of partitions, for those who look at the present: what counts is not judged."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.kafka.follower import Entry
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import CLAIM_TYPE
from adapters.kafka.record import Record, decode

POLL_MS: Final = 1000
_NONE: Final[Mapping[TP, float]] = MappingProxyType({})


async def last_entries(
    bootstrap: str, most: Mapping[TP, int], recent_s: Mapping[TP, float] = _NONE
) -> dict[TP, list[Entry]]:
    """Up to so many records of each partition, from its end; of those in `recent_s` all of the last so many seconds.

    Raises LogUnavailable.

    A record of an owned topic may be void: without what stands before it nobody can tell.
    """
    log = KafkaLog(bootstrap)
    tps = [*most, *recent_s]
    found: dict[TP, list[Entry]] = {tp: [] for tp in tps}
    try:
        first, ends = await log.beginnings(tps), await log.ends(tps)
        start = {tp: max(first[tp], ends[tp] - count) for tp, count in most.items()}
        for tp, seconds in recent_s.items():
            start |= await log.offsets_at([tp], int((time.time() - seconds) * 1000))
        start = {tp: offset for tp, offset in start.items() if offset < ends[tp]}
        if not start:
            return found
        left = dict(start)
        reader = await log.reader(start)
        try:
            while any(left[tp] < ends[tp] for tp in left):
                records = await reader.poll(POLL_MS, 5000)
                if not records:
                    await log.ends(left)  # a broker that is gone only seems silent
                for record in records:
                    tp = (record.topic, record.partition)
                    left[tp] = record.offset + 1
                    if record.offset < ends[tp]:
                        found[tp].append(_entry(record))
        finally:
            await reader.close()
        return found
    finally:
        await log.close()


def _entry(record: Record) -> Entry:
    after = Position(record.offset + 1)
    if record.by_name.get("ce_type") == CLAIM_TYPE:
        return Entry(record, "claim", after, None)
    return Entry(record, "event", after, decode(record))


async def log_ends(bootstrap: str, tps: list[TP]) -> dict[TP, int]:
    """The end offsets now. Raises LogUnavailable."""
    log = KafkaLog(bootstrap)
    try:
        return await log.ends(tps)
    finally:
        await log.close()
