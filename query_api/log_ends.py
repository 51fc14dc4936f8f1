"""The log's end offsets, asked of the broker: one question at a time, shared by all who came before it was put."""

import asyncio

from adapters.errors import DependencyDown
from adapters.kafka.port import Log, LogUnavailable
from adapters.kafka.position import TP


class LogEnds:
    """An answer is never older than the request that got it."""

    def __init__(self, log_: Log, tps: tuple[TP, ...]) -> None:
        self._log, self._tps = log_, tps
        self._asking: asyncio.Task[dict[TP, int]] | None = None
        self._next: asyncio.Task[dict[TP, int]] | None = None

    async def now(self) -> dict[TP, int]:
        """Raises DependencyDown."""
        if self._next is None:
            self._next = asyncio.create_task(self._ask(self._asking))
        try:
            return await asyncio.shield(self._next)
        except LogUnavailable as error:
            raise DependencyDown("Kafka does not answer.", dependency="kafka") from error

    async def _ask(self, before: asyncio.Task[dict[TP, int]] | None) -> dict[TP, int]:
        if before is not None:
            await asyncio.wait([before])
        self._asking, self._next = self._next, None
        return await self._log.ends(self._tps)
