"""A read-only fold of a one-partition topic in this process: users for logins and tokens, models for prices."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from adapters.errors import DependencyDown
from adapters.kafka.fold import PartitionFold
from adapters.kafka.follower import Entry
from adapters.kafka.port import Log, LogUnavailable
from adapters.kafka.position import TP, Position
from adapters.kafka.tail import Tail
from adapters.kafka.topics import Topic
from domain.decider import Decider

State = TypeVar("State")


class Replica(Generic[State]):
    """Follows for as long as it runs."""

    def __init__(self, log_: Log, topic: Topic, decider: Decider[State, Any]) -> None:
        if topic.partitions != 1:
            raise ValueError(f"{topic.name} has {topic.partitions} partitions; a replica folds one")
        self._tp: TP = (topic.name, 0)
        self._log = log_
        self._fold = PartitionFold(self._tp, decider)
        self._watchers: list[Callable[[Entry], None]] = []
        self._moved = asyncio.Condition()
        self._tail = Tail(log_, self._start_at, self._take)

    @property
    def state(self) -> State:
        return self._fold.state

    @property
    def offset(self) -> int:
        """The next offset to be folded."""
        return self._fold.position.offset

    def watch(self, seen: Callable[[Entry], None]) -> None:
        """Call `seen` with each entry, once it is folded. Entries that a snapshot stands for are never seen."""
        self._watchers.append(seen)

    async def start(self) -> None:
        """Fold all there is, then go on following. Raises LogUnavailable."""
        await self._tail.start()

    async def stop(self) -> None:
        await self._tail.stop()

    async def read_to_end(self, timeout_s: float = 5.0) -> State:
        """The state at the log's end, asked for now. Raises DependencyDown when Kafka does not answer in time."""
        try:
            async with asyncio.timeout(timeout_s):
                end = (await self._log.ends([self._tp]))[self._tp]
                await self.reach(end)
        except (TimeoutError, LogUnavailable) as error:
            raise DependencyDown(f"Kafka does not answer ({self._tp[0]}).", dependency="kafka") from error
        return self.state

    async def reach(self, offset: int) -> None:
        """Wait until everything before `offset` is folded."""
        if self.offset < offset:
            async with self._moved:
                await self._moved.wait_for(lambda: self.offset >= offset)

    async def _start_at(self) -> dict[TP, Position]:
        """The beginning, also later: after the log was cut it does not hold what was folded."""
        self._fold = PartitionFold(self._tp, self._fold.decider)
        return {self._tp: Position()}

    async def _take(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._fold.apply(entry)
            for seen in self._watchers:
                seen(entry)
        if entries:
            async with self._moved:
                self._moved.notify_all()
