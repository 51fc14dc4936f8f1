"""A reader is closed cleanly also when its broker is gone."""

import asyncio

import pytest

from adapters.kafka.kafka_log import KafkaReader


class Client:
    closed = False

    async def close(self) -> None:
        self.closed = True


class Consumer:
    """As aiokafka's when the broker went away: its fetches, cancelled by `stop`, end it."""

    def __init__(self) -> None:
        self._client = Client()

    async def stop(self) -> None:
        fetch = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        fetch.cancel()
        await fetch


async def test_the_end_of_a_fetch_is_not_the_end_of_who_closes() -> None:
    consumer = Consumer()
    reader = KafkaReader(consumer, [])
    await reader.close()
    assert consumer._client.closed


async def test_who_is_cancelled_while_closing_is_cancelled() -> None:
    class Slow(Consumer):
        async def stop(self) -> None:
            await asyncio.sleep(60)

    closing = asyncio.create_task(KafkaReader(Slow(), []).close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
