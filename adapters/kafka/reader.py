"""Reading a broker's log onward from where a reader stands."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from adapters.kafka.connections import AIOKafkaConsumer
from adapters.kafka.leaving import Leaving
from adapters.kafka.port import LogTruncated, LogUnavailable
from adapters.kafka.position import TP
from adapters.kafka.record import Record, kept_of

FETCH_PACE_S: Final = 0.0004
"""For each partition of a reader: how long it waits between two fetches that brought something.

A fetch costs both sides in proportion to the partitions it names, whatever it brings, so a busy reader of 24 partitions
fetches at most 100 times a second, and takes more each time. The first record after a silence is not waited for.
"""
FETCH_FEW: Final = 8
FETCH_PATIENCE: Final = 4.0
"""A fetch that brought more than `FETCH_FEW` records is followed by a wait as many times as long, up to this."""
SILENCE_S: Final = 10.0
"""How often a reader to which nothing comes asks whether there is something."""


class KafkaReader:
    """Between two polls that brought something it is paused: left to itself the consumer fetches at once, gets the one
    record that has come by then, and asks for the other partitions by a fetch that hangs for as long as they are idle.
    One that is behind goes on fetching.

    A consumer that failed is replaced at the next poll. So is one to which nothing comes though the log goes on: the
    part of aiokafka that fetches may end without telling anybody (its issue 983).
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[AIOKafkaConsumer]],
        ends: Callable[[Iterable[TP]], Awaitable[dict[TP, int]]],
        start: Mapping[TP, int],
        silence_s: float = SILENCE_S,
    ) -> None:
        self._connect, self._ends, self._silence_s = connect, ends, silence_s
        self._next = dict(start)
        self._tps = [TopicPartition(*tp) for tp in start]
        self._pace_s = FETCH_PACE_S * len(start)
        self._consumer: AIOKafkaConsumer | None = None
        self._leaving = Leaving()
        self._paused_until: float | None = None
        self._behind: dict[TP, int] = {}
        """Where it stood when it was last asked whether there was more, and there was."""
        self._asked_at = 0.0

    async def connected(self) -> AIOKafkaConsumer:
        """Its consumer, at its place. Raises LogUnavailable."""
        if self._consumer is None:
            consumer = await self._connect()
            consumer.assign(self._tps)
            for tp in self._tps:
                consumer.seek(tp, self._next[tp.topic, tp.partition])
            self._consumer, self._behind = consumer, {}
            self._asked_at = asyncio.get_running_loop().time()
        return self._consumer

    async def poll(self, timeout_ms: int, max_records: int) -> list[Record]:
        consumer = await self.connected()
        clock = asyncio.get_running_loop().time
        if self._paused_until is not None:
            await asyncio.sleep(max(0.0, self._paused_until - clock()))
            consumer.resume(*self._tps)
            self._paused_until = None
        try:
            got = await consumer.getmany(timeout_ms=timeout_ms, max_records=max_records)
        except OffsetOutOfRangeError as error:
            raise LogTruncated(f"offsets are not in the log any more: {error!r}") from error
        except KafkaError as error:
            self._leave(consumer)
            raise LogUnavailable(repr(error)) from error
        found = [
            Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, kept_of(r.headers))
            for records in got.values()
            for r in records
        ]
        for tp, records in got.items():
            self._next[tp.topic, tp.partition] = records[-1].offset + 1
        if not found and clock() - self._asked_at >= self._silence_s:
            self._asked_at = clock()
            await self._doubt(consumer)
        elif 0 < len(found) < max_records:
            consumer.pause(*self._tps)
            self._paused_until = clock() + self._pace_s * min(max(1.0, len(found) / FETCH_FEW), FETCH_PATIENCE)
        return found

    async def _doubt(self, consumer: AIOKafkaConsumer) -> None:
        """Raises LogUnavailable when the log goes on where this reader stood already when it was last asked."""
        try:
            ends = await self._ends(self._next)
        except LogUnavailable:  # then silence is no wonder
            self._behind = {}
            return
        places = {tp: await consumer.position(TopicPartition(*tp)) for tp in self._next}
        behind = {tp: place for tp, place in places.items() if place < ends[tp]}
        stuck = sorted(tp for tp, place in behind.items() if self._behind.get(tp) == place)
        self._behind = behind
        if stuck:
            self._leave(consumer)
            raise LogUnavailable(f"nothing more comes of {stuck}, though there is more; reading by a new connection")

    def _leave(self, consumer: AIOKafkaConsumer) -> None:
        self._leaving.leave(consumer)
        self._consumer = self._paused_until = None

    async def close(self) -> None:
        if self._consumer is not None:
            self._leave(self._consumer)
        await self._leaving.close()
