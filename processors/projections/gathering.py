"""What was read and folded but not written yet: one batch that grows while the one before it is being written.

So the processor is busy with the next records while PostgreSQL is busy with the last, and a batch is as large as
the writing of the one before it was slow.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from adapters.kafka.follower import Entry, Follower
from adapters.kafka.position import TP
from processors.projections.batch import Batch
from processors.projections.parking import Stream

CHUNK: Final = 250
"""Records fetched, decoded and folded at once: so long PostgreSQL's answer may have to wait for the processor."""


class Gathering:
    """`most`: entries, about, that may wait. `parked_streams`: the writer's own set of those that are parked. `until`:
    the offset of each partition before which it ends; none: nowhere."""

    def __init__(
        self, follower: Follower, parked_streams: set[Stream], most: int, until: Mapping[TP, int] | None = None
    ) -> None:
        self._follower, self._most, self._until = follower, most, until
        self._parked_streams = parked_streams
        self._batch = Batch((), parked_streams, {})
        self._failure: Exception | None = None
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def run(self) -> None:
        """Read and fold until cancelled, or until a failure, which `take` then raises."""
        try:
            while True:
                await self._room.wait()
                if entries := self._wanted(await self._follower.poll(500, CHUNK)):
                    self._batch.add(entries)
                    self._something.set()
                    await asyncio.sleep(0)  # polling what is fetched already lets nobody else run
                    if len(self._batch.entries) >= self._most:
                        self._room.clear()
        except Exception as error:  # noqa: BLE001 - raised by the one who takes
            self._failure = error
            self._something.set()

    def _wanted(self, entries: list[Entry]) -> list[Entry]:
        if (until := self._until) is None:
            return entries
        return [e for e in entries if e.record.offset < until[e.record.topic, e.record.partition]]

    async def take(self, timeout_s: float) -> Batch | None:
        """All that is there; None when nothing came in time, or at a `wake`. Raises what reading failed with."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._something.wait()
        except TimeoutError:
            return None
        if self._failure is not None:
            raise self._failure
        self._something.clear()
        if not self._batch.entries:
            return None
        taken = self._batch
        # As the writer has them by now: some were healed, others the database had parked.
        self._batch = Batch((), self._parked_streams | (taken.blocked - taken.assumed), {})
        self._room.set()
        return taken

    def wake(self) -> None:
        """End the waiting of `take`."""
        self._something.set()
