"""Readers whose place the log does not hold any more: it was cut, or replaced by another.

Only a person can say whether the right log comes back or the reader begins anew. So it waits and looks again, and the
rest of its process goes on (docs/runbooks/PlaceLost.md).
"""

import asyncio
from typing import Final

import structlog

from adapters.kafka.metrics import PLACE_LOST

LOOK_S: Final = 30.0
log = structlog.get_logger(__name__)


async def wait_for_place(reader: str, why: BaseException) -> None:
    """After a LogTruncated: tell it, and wait until it is time to look again."""
    log.error("the log does not hold the place to go on from; waiting for it", reader=reader, why=repr(why))
    PLACE_LOST.labels(reader).set(1)
    await asyncio.sleep(LOOK_S)


def has_place(reader: str) -> None:
    """It could read."""
    PLACE_LOST.labels(reader).set(0)
