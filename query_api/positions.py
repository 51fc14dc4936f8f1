"""How far the read models that serve are, for all requests of the process."""

import asyncio
from collections.abc import Callable
from typing import Any

from adapters.errors import Unavailable
from adapters.kafka.position import TP, Position
from query_api.listening import Listening


class ProjectionBehind(Unavailable):
    """The read models did not reach a position in time, or are behind what was told already."""

    code, title = "projection-behind", "The answer is not up to date yet"


class ProjectionPositions:
    """Follows one read schema at a time; `change_over` goes on to another one."""

    def __init__(self, postgres_url: str, schema: str) -> None:
        self._url = postgres_url
        self._moved = asyncio.Condition()
        self._now = Listening(postgres_url, schema, self._moved)

    @property
    def schema(self) -> str:
        return self._now.schema

    @property
    def connected(self) -> bool:
        return self._now.connected

    async def start(self) -> dict[TP, Position]:
        """Listen, and tell where the read models stand now. Raises asyncpg's errors and OSError."""
        return await self._now.start()

    async def stop(self) -> None:
        await self._now.stop()

    async def change_over(self, schema: str, adopt: Callable[[], None]) -> None:
        """Wait until `schema` is as far as the one that serves, and follow it from then on. Nothing that was told is
        ever taken back: `adopt` is called in that very moment, to let queries go to it. Raises as `start` does."""
        other = Listening(self._url, schema, self._moved)
        await other.start()
        try:
            async with self._moved:
                await self._moved.wait_for(lambda: _follows(other, self._now))
                adopt()
                before, self._now = self._now, other
        except BaseException:
            await other.stop()
            raise
        await before.stop()

    def next_offset(self, tp: TP) -> int:
        """Every record before it is in the read models."""
        return self._now.next.get(tp, 0)

    async def require_not_behind(self, connection: Any) -> None:
        """Raises ProjectionBehind for a new connection on which the read models are behind what was told before.

        Projectors commit without waiting for the disk: a crash of PostgreSQL may take rows that were read already. It
        also cuts all connections, so one that is not behind when it is new never is.
        """
        told = dict(self._now.furthest)
        rows = await connection.fetch("SELECT topic, partition, next_offset FROM projection_offsets")
        stands = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        for (topic, partition), offset in told.items():
            if (stand := stands.get((topic, partition), 0)) < offset:
                raise ProjectionBehind(
                    f"The read models lost their last rows when PostgreSQL went down: they stand at "
                    f"{topic}:{partition}@{stand}, answers told of what is before {offset}. They are folded again.",
                    retry_after_s=1,
                )

    async def reach(self, tp: TP, offset: int, timeout_s: float | None) -> bool:
        """Wait until every record before `offset` is in the read models; False when that took too long."""
        if self.next_offset(tp) >= offset:
            return True
        try:
            async with asyncio.timeout(timeout_s), self._moved:
                await self._moved.wait_for(lambda: self.next_offset(tp) >= offset)
        except TimeoutError:
            return False
        return True


def _follows(other: Listening, now: Listening) -> bool:
    """Whether nothing is lost by going on from `now` to `other`. Offsets of another log tell nothing."""
    same_log = all(other.origin.get(topic, origin) == origin for topic, origin in now.origin.items())
    return not same_log or all(other.next.get(tp, 0) >= offset for tp, offset in now.furthest.items())
