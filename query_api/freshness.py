"""Read your writes, without asking: what is not there yet is waited for, as long as the log may still hold it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from fastapi import Query, Request

from adapters.kafka import topics
from adapters.kafka.position import TP
from domain.errors import InvalidInput, NotFound
from query_api.live import LiveFeed
from query_api.log_ends import LogEnds
from query_api.positions import ProjectionBehind, ProjectionPositions

PATIENCE_S: Final = 2.0
Found = TypeVar("Found")
_PARTITIONS: Final = {topic.name: topic.partitions for topic in (topics.IDENTITY, topics.CATALOG, topics.ACCOUNTS)}


class Freshness:
    """Waiting for the read models."""

    def __init__(self, positions: ProjectionPositions, ends: LogEnds, live: LiveFeed) -> None:
        self._positions, self._ends, self._live = positions, ends, live

    async def settle(self, account_id: str) -> None:
        """Wait (2 s at most) for all that this process has heard of the account.

        Raises ProjectionBehind when a live stream has told of it what the read models do not hold by then: no answer
        falls behind what a client was told. What nobody was told may be missing.
        """
        tp: TP = (topics.ACCOUNTS.name, topics.account_partition(account_id))
        if await self._positions.reach(tp, self._live.heard(account_id), PATIENCE_S):
            return
        if self._positions.next_offset(tp) < self._live.told(account_id):
            raise ProjectionBehind("The read models have not reached what a live stream told yet.", retry_after_s=1)

    async def find(self, account_id: str, query: Callable[[], Awaitable[Found | None]]) -> Found | None:
        """What `query` finds; when it finds nothing, again after the read models passed the log's present end.

        Waits 2 s at most. Raises ProjectionBehind when they do not pass it in time, DependencyDown when the end cannot
        be learnt.
        """
        await self.settle(account_id)
        tp: TP = (topics.ACCOUNTS.name, topics.account_partition(account_id))
        seen = self._positions.next_offset(tp)
        found = await query()
        if found is not None:
            return found
        end = (await self._ends.now())[tp]
        if seen >= end:
            return None
        reached = await self._positions.reach(tp, end, PATIENCE_S)
        if (found := await query()) is None and not reached:
            raise ProjectionBehind("The log may hold it, but the read models have not got there yet.", retry_after_s=1)
        return found

    async def get(self, account_id: str, query: Callable[[], Awaitable[Found | None]], what: str) -> Found:
        """Like `find`; raises NotFound too, whether it is missing or somebody else's."""
        found = await self.find(account_id, query)
        if found is None:
            raise NotFound(f"There is no such {what}.")
        return found

    async def reach(self, position: str) -> None:
        """Wait for a `Lathe-Position`. Raises InvalidInput for one that the log never had, ProjectionBehind."""
        tp, offset = _parse(position)
        if self._positions.next_offset(tp) > offset:
            return
        if offset >= (end := (await self._ends.now())[tp]):
            raise _no_position(f"The log ends before it: the next offset is {end}")
        if not await self._positions.reach(tp, offset + 1, PATIENCE_S):
            raise ProjectionBehind(f"The read models have not reached {position} yet.", retry_after_s=1)


def _parse(position: str) -> tuple[TP, int]:
    """`<topic>:<partition>@<offset>`, as `Lathe-Position` says it."""
    topic, _, rest = position.partition(":")
    partition, _, offset = rest.partition("@")
    sound = all(part.isascii() and part.isdigit() and len(part) <= 18 for part in (partition, offset))
    if not sound or int(partition) >= _PARTITIONS.get(topic, 0):
        raise _no_position("It looks like <topic>:<partition>@<offset>")
    return (topic, int(partition)), int(offset)


def _no_position(why: str) -> InvalidInput:
    return InvalidInput(
        f"min_position is a Lathe-Position that a command answered with. {why}.",
        errors=[{"parameter": "min_position", "in": "query", "detail": why}],
    )


async def wait_for_position(
    request: Request,
    min_position: Annotated[
        str | None,
        Query(
            max_length=100,
            description="A `Lathe-Position`: answer no older state than this.",
            examples=["lathe.accounts:3@1234"],
        ),
    ] = None,
) -> None:
    """Honours `min_position`."""
    if min_position is not None:
        await request.app.state.parts.freshness.reach(min_position)
