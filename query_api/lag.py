"""How far the read models and this process's live feed are behind the log.

It is told here, not by the projector: a projector that is gone tells nothing, and that is when the figure matters.
"""

import asyncio

from adapters.errors import DependencyDown
from adapters.kafka.lag import watch_lag
from adapters.kafka.position import TP
from adapters.postgres.read.partitions import PARTITIONS
from query_api.parts import Parts


async def watch_readers(parts: Parts) -> None:
    """Set the figures every few seconds, until cancelled."""

    def read_models() -> dict[TP, int]:
        return {tp: parts.positions.next_offset(tp) for tp in PARTITIONS}

    def live_feed() -> dict[TP, int]:
        return {tp: parts.live.next_offset(tp) for tp in PARTITIONS if parts.live.follows(tp)}

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch_lag("read_models", parts.ends.now, read_models, (DependencyDown,)))
        tasks.create_task(watch_lag("live_feed", parts.ends.now, live_feed, (DependencyDown,)))
