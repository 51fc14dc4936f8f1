"""The raw limits of the embedded broker: appends and reads a second on one partition, as aiokafka does them.

What the product reaches is compared with these (performance design: "name the share of these limits").
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from adapters.kafka.topics import PROGRESS
from benchmarks.result import Result
from tests import embedded

ROUNDS = 3
APPENDS = 20_000
IN_FLIGHT = 50
VALUE = b"x" * 400
"""Bytes of a typical event."""


def measure() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder, embedded.kafka(Path(folder)) as url:
        appends = statistics.median(asyncio.run(_append(url)) for _ in range(ROUNDS))
        alone = statistics.median(asyncio.run(_append_alone(url)) for _ in range(ROUNDS))
        reads = statistics.median(asyncio.run(_read(url)) for _ in range(ROUNDS))
    return [
        Result(f"appends, {IN_FLIGHT} in flight, idempotent, acks=all", appends, "/s"),
        Result("one append, alone", alone * 1e6, "µs"),
        Result("records read", reads, "/s"),
    ]


async def _append(url: str) -> float:
    async with AIOKafkaProducer(bootstrap_servers=url, acks="all", enable_idempotence=True, linger_ms=0) as producer:
        left = iter(range(APPENDS))

        async def client() -> None:
            for _ in left:
                await producer.send_and_wait(PROGRESS.name, VALUE, partition=0)

        start = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))
        return APPENDS / (time.perf_counter() - start)


async def _append_alone(url: str, count: int = 300) -> float:
    """Seconds of one append when nothing else happens."""
    async with AIOKafkaProducer(bootstrap_servers=url, acks="all", enable_idempotence=True, linger_ms=0) as producer:
        await producer.send_and_wait(PROGRESS.name, VALUE, partition=0)
        times = []
        for _ in range(count):
            start = time.perf_counter()
            await producer.send_and_wait(PROGRESS.name, VALUE, partition=0)
            times.append(time.perf_counter() - start)
        return statistics.median(times)


async def _read(url: str) -> float:
    async with AIOKafkaConsumer(bootstrap_servers=url) as consumer:
        partition = TopicPartition(PROGRESS.name, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        read = 0
        start = time.perf_counter()
        while read < end:
            for records in (await consumer.getmany(partition, timeout_ms=1000, max_records=5000)).values():
                read += len(records)
        return read / (time.perf_counter() - start)
