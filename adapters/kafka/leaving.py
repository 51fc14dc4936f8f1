"""Leaving consumers that got no answer: aiokafka keeps a connection that is half open as long as it lives."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

from adapters.kafka.connections import AIOKafkaConsumer

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
        await ended(consumer.stop())
        await ended(consumer._client.close())  # not closed yet if the cancellation of its own fetches ended `stop`


async def ended(closing: Coroutine[Any, Any, object]) -> BaseException | None:
    """Wait until something is closed, `STOP_S` at most; what it raised. Nobody's work may depend on it."""
    task = asyncio.create_task(closing)
    try:
        await asyncio.wait([task], timeout=STOP_S)
    finally:
        task.cancel()
    if not task.done():
        return TimeoutError(f"not closed within {STOP_S:.0f} s")
    return asyncio.CancelledError() if task.cancelled() else task.exception()
