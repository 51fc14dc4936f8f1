"""The one producer of a process, made anew when it failed."""

import asyncio

from adapters.kafka.port import Appender, Log


class Appenders:
    """A failed producer is discarded together with the ownership of all partitions it served."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._current: Appender | None = None
        self._making = asyncio.Lock()

    async def get(self) -> Appender:
        """The present producer. Raises LogUnavailable."""
        async with self._making:
            if self._current is None:
                self._current = await self._log.appender()
            return self._current

    async def discard(self, appender: Appender) -> None:
        """Close this one without flushing; all its owners find out at their next append."""
        if self._current is appender:
            self._current = None
        await appender.discard()

    async def close(self) -> None:
        if self._current is not None:
            await self.discard(self._current)
