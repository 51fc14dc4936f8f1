"""Following the truth topics and copying what is valid, transaction by transaction."""

import asyncio
from typing import Final

import structlog

from adapters.kafka.follower import Follower
from adapters.kafka.lag import watch_lag
from adapters.kafka.lost_place import has_place, wait_for_place
from adapters.kafka.place import require_place
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP, Position
from adapters.kafka.publication import Publication, Superseded
from adapters.kafka.topics import PUBLISHED
from processors.publisher.copies import copy_of

NAME: Final = "publisher"
BATCH: Final = 1000
"""Records of one transaction at most."""
PAUSE_S: Final = 0.5
SUPERSEDED_PAUSE_S: Final = 30.0
"""Two publishers supersede each other; each copy still stands once, and this is how often they change places."""
log = structlog.get_logger(__name__)


class Publisher:
    """One transaction holds the copies and the place after them, so a death loses nothing and doubles nothing."""

    def __init__(self, log_: Log, publication: Publication) -> None:
        self._log, self._publication = log_, publication

    async def run(self) -> None:
        """Publish until cancelled. After any failure it begins again where the last transaction ended."""
        while True:
            try:
                await self._follow()
            except LogUnavailable as error:
                log.warning("cannot publish; trying again", why=str(error))
                await asyncio.sleep(PAUSE_S)
            except LogTruncated as error:
                await wait_for_place(NAME, error)
            except Superseded:
                log.warning("another process publishes; standing by")
                await asyncio.sleep(SUPERSEDED_PAUSE_S)

    async def _follow(self) -> None:
        try:
            saved = await self._publication.open()
            tps = [(topic.name, partition) for topic in PUBLISHED for partition in range(topic.partitions)]
            follower = Follower(self._log, {tp: saved.get(tp, Position()) for tp in tps})
            await require_place(self._log, follower.positions)
            lag = asyncio.create_task(watch_lag(NAME, follower.ends, lambda: _offsets(follower), (LogUnavailable,)))
            try:
                await follower.start()
                while True:
                    before = dict(follower.positions)
                    entries = await follower.poll(500, BATCH)
                    has_place(NAME)
                    copies = [
                        ((entry.record.topic, entry.record.partition), copy_of(entry))
                        for entry in entries
                        if entry.kind == "event"
                    ]
                    if entries:
                        moved = {tp: after for tp, after in follower.positions.items() if after != before[tp]}
                        await self._publication.publish(copies, moved)
            finally:
                lag.cancel()
                await asyncio.wait([lag])
                await follower.stop()
        finally:
            await self._publication.close()


def _offsets(follower: Follower) -> dict[TP, int]:
    return {tp: position.offset for tp, position in follower.positions.items()}
