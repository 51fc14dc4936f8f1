"""Silence is not taken for the end of the log: a reader whose client died within is given another."""

import asyncio

import pytest
import uvloop
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from adapters.ids import new_id
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.leaving import ended
from adapters.kafka.port import LogUnavailable, NewRecord
from adapters.kafka.position import TP
from adapters.kafka.reader import KafkaReader


async def topic(kafka_url: str) -> TP:
    name = f"silence-{new_id()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()
    return (name, 0)


async def write(log: KafkaLog, tp: TP, value: bytes) -> None:
    appender = await log.appender()
    await appender.append(tp, [NewRecord(b"key", value, [], 1_700_000_000_000)])
    await appender.discard()


async def nothing_for_ever(reader: KafkaReader) -> None:
    while True:
        assert await reader.poll(50, 100) == []


async def test_a_reader_that_stopped_fetching_reads_on(kafka_url: str) -> None:
    """As aiokafka's issue 983 has it: the task that fetches is over, and `getmany` returns nothing for ever."""
    log, tp = KafkaLog(kafka_url), await topic(kafka_url)
    reader = KafkaReader(log._consumer, log.ends, {tp: 0}, silence_s=0.1)
    try:
        await write(log, tp, b"first")
        found: list[bytes | None] = []
        async with asyncio.timeout(40):
            while not found:
                found += [record.value for record in await reader.poll(100, 100)]
            fetching = (await reader.connected())._fetcher._fetch_task
            fetching.cancel()
            await asyncio.wait([fetching])
            await write(log, tp, b"second")
            with pytest.raises(LogUnavailable, match="there is more"):
                await nothing_for_ever(reader)
            while len(found) < 2:
                found += [record.value for record in await reader.poll(100, 100)]
        assert found == [b"first", b"second"]
    finally:
        await reader.close()
        await log.close()


async def test_a_reader_at_the_end_is_left_in_peace(kafka_url: str) -> None:
    log, tp = KafkaLog(kafka_url), await topic(kafka_url)
    reader = KafkaReader(log._consumer, log.ends, {tp: 0}, silence_s=0.0)
    try:
        before = await reader.connected()
        for _ in range(20):
            assert await reader.poll(10, 100) == []
        assert await reader.connected() is before
    finally:
        await reader.close()
        await log.close()


def test_on_uvloop_a_request_over_a_lost_connection_is_a_connection_error(kafka_url: str) -> None:
    """Else whatever task of the client made it would end: uvloop raises RuntimeError, and aiokafka knows OSError."""

    async def lose_a_connection() -> None:
        log = KafkaLog(kafka_url)
        consumer = await log._consumer()
        try:
            assert await consumer._client.force_metadata_update()
            connection = next(iter(consumer._client._conns.values()))
            connection._writer.transport.abort()
            assert connection.connected()  # it will be told in the next turn of the loop
            with pytest.raises(KafkaConnectionError):
                await connection.send(MetadataRequest([]))
            assert not connection.connected()
            assert await consumer._client.force_metadata_update()
        finally:
            await ended(consumer.stop())
            await log.close()

    uvloop.run(lose_a_connection())
