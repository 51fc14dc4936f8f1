"""The producers of a process, made anew when they failed."""

import asyncio
from typing import Final

from adapters.kafka.port import Appender, Log
from adapters.kafka.position import TP
from adapters.kafka.rush import Rush

APART_S: Final = 0.015
"""Between two appends of a partition in a rush, over several connections."""


class Appenders:
    """`connections`: producers that share the partitions. A failed one is discarded, for all that it served.

    A broker takes one request at a time from a connection. Where appending means to wait for a disk, several
    connections let the waits overlap; else one is best, as it puts most into each request.
    """

    def __init__(self, log: Log, connections: int = 1) -> None:
        self._log, self._connections = log, connections
        self._current: dict[int, Appender] = {}
        self._making = asyncio.Lock()
        self.rush = Rush(APART_S if connections > 1 else 0.0)
        """By which the appends of its partitions are spaced; one connection has them in its requests together."""

    async def get(self, tp: TP) -> Appender:
        """The present producer for a partition. Raises LogUnavailable."""
        number = tp[1] % self._connections
        async with self._making:
            if number not in self._current:
                self._current[number] = await self._log.appender()
            return self._current[number]

    async def discard(self, appender: Appender) -> None:
        """Close this one without flushing; whoever else it served finds out at the next append."""
        for number in [number for number, current in self._current.items() if current is appender]:
            del self._current[number]
        await appender.discard()

    async def close(self) -> None:
        for appender in list(self._current.values()):
            await self.discard(appender)
