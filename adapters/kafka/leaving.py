"""Leaving consumers that got no answer: aiokafka keeps a connection that is half open as long as it lives."""

import asyncio
import contextlib
from typing import Final

from aiokafka import AIOKafkaConsumer

STOP_S: Final = 5.0


class Leaving:
    """Stops consumers beside the work of those who go on with a new one."""

    def __init__(self) -> None:
        self._stopping: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    def leave(self, consumer: AIOKafkaConsumer, after_s: float = 0.0) -> None:
        """`after_s`: until then others may still wait for its answers."""
        stopping = asyncio.create_task(self._stop(consumer, after_s), name="leave a connection")
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)

    async def close(self) -> None:
        """Stop at once all that were left."""
        self._closing.set()
        await asyncio.gather(*self._stopping)

    async def _stop(self, consumer: AIOKafkaConsumer, after_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                await self._closing.wait()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_S):
                await consumer.stop()
