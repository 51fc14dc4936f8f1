"""Following partitions in the background: read all there is, then go on until stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from adapters.kafka.follower import Entry, Follower
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP, Position

_PAUSE_S: Final = 0.2
log = structlog.get_logger(__name__)


class Tail:
    """`start_at` tells where to begin, also after the log was cut off before the present position."""

    def __init__(
        self,
        log_: Log,
        start_at: Callable[[], Awaitable[Mapping[TP, Position]]],
        take: Callable[[list[Entry]], Awaitable[None]],
    ) -> None:
        self._log, self._start_at, self._take = log_, start_at, take
        self._follower: Follower | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns at the log's present end. Raises LogUnavailable, LogTruncated."""
        self._follower = Follower(self._log, await self._start_at())
        try:
            await self._follower.start()
            ends = await self._follower.ends()
            while not self._follower.has_passed(ends):
                await self._take(await self._follower.poll(1000))
        except BaseException:
            await self.stop()
            raise
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        if self._follower is not None:
            await self._follower.stop()
            self._follower = None

    async def _follow(self) -> None:
        while True:
            try:
                if self._follower is None:
                    follower = Follower(self._log, await self._start_at())
                    await follower.start()
                    self._follower = follower
                await self._take(await self._follower.poll(500))
            except LogUnavailable as error:
                log.warning("cannot follow; trying again", why=str(error))
                await asyncio.sleep(_PAUSE_S)
            except LogTruncated as error:
                log.error("the log does not hold what comes next; beginning again", why=str(error))
                if self._follower is not None:
                    await self._follower.stop()
                    self._follower = None
                await asyncio.sleep(_PAUSE_S)
