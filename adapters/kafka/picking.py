"""Reading single records of a broker's log by their offsets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from adapters.kafka.connections import AIOKafkaConsumer
from adapters.kafka.leaving import Leaving, ended
from adapters.kafka.port import LogTruncated, LogUnavailable
from adapters.kafka.position import TP
from adapters.kafka.record import Record, kept_of

PATIENCE_S: Final = 5.0
FETCH_BYTES: Final = 256 * 1024
"""Of one fetch; a batch that has more comes whole."""
_NEAR: Final = 200
"""Records further on that are read along rather than looked for."""


class Picker:
    """One consumer, made by `connect` when it is first needed; it reads for one asker at a time.

    After a failure the next asker gets a new one.
    """

    def __init__(self, connect: Callable[[], Awaitable[AIOKafkaConsumer]]) -> None:
        self._connect = connect
        self._consumer: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()
        self._leaving = Leaving()

    async def pick(self, tp: TP, offsets: Sequence[int]) -> list[Record]:
        """The records at these offsets, in their order. Raises LogTruncated, LogUnavailable."""
        try:
            async with asyncio.timeout(PATIENCE_S + len(offsets) / 100), self._turn:
                if self._consumer is None:
                    self._consumer = await self._connect()
                try:
                    return await _pick(self._consumer, TopicPartition(*tp), sorted(set(offsets)))
                except (LogTruncated, OffsetOutOfRangeError):
                    raise
                except BaseException:
                    self._leaving.leave(self._consumer)
                    self._consumer = None
                    raise
        except OffsetOutOfRangeError as error:
            raise LogTruncated(f"{tp} does not hold one of {offsets}: {error!r}") from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise LogUnavailable(f"cannot read {tp} at {offsets}: {error!r}") from error

    async def close(self) -> None:
        await self._leaving.close()
        if self._consumer is not None:
            await ended(self._consumer.stop())
            self._consumer = None


async def _pick(consumer: AIOKafkaConsumer, tp: TopicPartition, offsets: Sequence[int]) -> list[Record]:
    found: list[Record] = []
    position = -1
    consumer.assign([tp])
    try:
        for offset in offsets:
            if not 0 <= offset - position < _NEAR or position < 0:
                consumer.seek(tp, offset)
            position = -1
            while position <= offset:
                got = await consumer.getmany(tp, timeout_ms=1000, max_records=1)
                for r in got.get(tp, ()):
                    position = r.offset + 1
                    if r.offset == offset:
                        headers = kept_of(r.headers)
                        found.append(Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, headers))
            if found[-1:] == [] or found[-1].offset != offset:
                raise LogTruncated(f"{tp} has no record at {offset}")
    finally:
        consumer.unsubscribe()
    return found
