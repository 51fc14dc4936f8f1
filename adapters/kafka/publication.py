"""The copies of truth topics for foreign readers: written in Kafka transactions, each with the place it was read to.

The place is not a consumer group's offset: those expire a week after the last commit, and hold no state of the read
rule. It is a record per partition in a compacted topic, written in the same transaction as the copies (exactly-once
semantics, KIP-98): both stand in the log, or neither. Opening fences whoever published before and aborts what it left.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, ProducerFenced, TopicAlreadyExistsError, for_code

from adapters.kafka.cluster import replication_of
from adapters.kafka.connections import AIOKafkaConsumer, AIOKafkaProducer
from adapters.kafka.port import LogUnavailable, NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.topics import PUBLIC_POSITIONS, PUBLISHED, public_name

TRANSACTIONAL_ID: Final = "lathe-publisher"
_POSITIONS: Final = TopicPartition(PUBLIC_POSITIONS, 0)


class Superseded(Exception):
    """Another process publishes now."""


class Publication(Protocol):
    async def open(self) -> dict[TP, Position]:
        """Become the only publisher; returns where to go on. Raises LogUnavailable."""
        ...

    async def publish(self, records: Sequence[tuple[TP, NewRecord]], positions: Mapping[TP, Position]) -> None:
        """Copies with their partitions of the truth topics, and the places after them: all or nothing.

        Raises Superseded; LogUnavailable with an open outcome: `open` again tells it.
        """
        ...

    async def close(self) -> None: ...


class KafkaPublication:
    """`bootstrap`: comma-separated host:port."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> dict[TP, Position]:
        try:
            await self._make_topics()
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap, transactional_id=TRANSACTIONAL_ID, acks="all", linger_ms=5
            )
            self._producer = producer
            await producer.start()
            return await self._positions()
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise LogUnavailable(f"cannot publish: {error!r}") from error

    async def publish(self, records: Sequence[tuple[TP, NewRecord]], positions: Mapping[TP, Position]) -> None:
        producer = self._producer
        assert producer is not None, "open() comes first"
        try:
            async with producer.transaction():
                sent = [
                    await producer.send(
                        public_name(topic), record.value, record.key, partition, record.timestamp, record.headers
                    )
                    for (topic, partition), record in records
                ]
                sent += [
                    await producer.send(PUBLIC_POSITIONS, msgspec.json.encode(position), f"{topic}/{n}".encode(), 0)
                    for (topic, n), position in positions.items()
                ]
                await asyncio.gather(*sent)
        except ProducerFenced as error:
            raise Superseded(str(error)) from error
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogUnavailable(f"a transaction did not end well: {error!r}") from error

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def _positions(self) -> dict[TP, Position]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        found: dict[TP, Position] = {}
        await consumer.start()
        try:
            consumer.assign([_POSITIONS])
            await consumer.seek_to_beginning(_POSITIONS)
            end = (await consumer.end_offsets([_POSITIONS]))[_POSITIONS]
            while await consumer.position(_POSITIONS) < end:
                for record in (await consumer.getmany(timeout_ms=500)).get(_POSITIONS, ()):
                    topic, _, partition = record.key.decode().rpartition("/")
                    found[(topic, int(partition))] = msgspec.json.decode(record.value, type=Position)
        finally:
            await consumer.stop()
        return found

    async def _make_topics(self) -> None:
        replication = await replication_of(self._bootstrap, PUBLISHED[0].name)
        wanted = [
            NewTopic(public_name(topic.name), topic.partitions, replication, topic_configs={"retention.ms": "-1"})
            for topic in PUBLISHED
        ]
        wanted.append(NewTopic(PUBLIC_POSITIONS, 1, replication, topic_configs={"cleanup.policy": "compact"}))
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        try:
            await admin.start()
            existing = set(await admin.list_topics())
            missing = [topic for topic in wanted if topic.name not in existing]
            if missing:
                _check((await admin.create_topics(missing)).topic_errors)
        finally:
            await admin.close()


def _check(errors: Iterable[tuple[str, int, str | None]]) -> None:
    for _, code, message in errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise for_code(code)(message)
