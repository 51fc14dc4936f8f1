"""A connection on which nothing arrives any more: the next question goes over another one."""

import asyncio
import time
from pathlib import Path

import pytest

from adapters.kafka import topics
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.port import LogUnavailable, NewRecord
from tests.log.broker import Broker, free_port
from tests.log.proxy import Proxy


@pytest.fixture
async def proxied(tmp_path: Path) -> tuple[Broker, Proxy]:
    port, behind = free_port(), free_port()
    return Broker(tmp_path, [("PROXIED", behind, port)]), Proxy(port, behind)


async def test_who_asked_in_vain_asks_anew(proxied: tuple[Broker, Proxy]) -> None:
    broker, proxy = proxied
    await broker.start()
    await proxy.start()
    tp = (topics.RUNS.name, 0)
    log = KafkaLog(f"127.0.0.1:{proxy.port}")
    try:
        await broker.create([topics.RUNS])
        assert await log.ends([tp]) == {tp: 0}
        assert proxy.half_open() > 0
        with pytest.raises(LogUnavailable):
            await log.ends([tp])
        began = time.monotonic()
        async with asyncio.timeout(60):
            while True:
                try:
                    assert await log.beginnings([tp]) == await log.ends([tp]) == {tp: 0}
                    break
                except LogUnavailable:
                    assert time.monotonic() - began < 60
    finally:
        await log.close()
        await proxy.stop()
        await broker.stop()


async def test_records_are_read_over_another_connection(proxied: tuple[Broker, Proxy]) -> None:
    """An owner that takes over looks for its snapshot's last record: in vain for ever, it never owned the partition."""
    broker, proxy = proxied
    await broker.start()
    await proxy.start()
    tp = (topics.RUNS.name, 0)
    log = KafkaLog(f"127.0.0.1:{proxy.port}")
    try:
        await broker.create([topics.RUNS])
        appender = await log.appender()
        assert await appender.append(tp, [NewRecord(b"key", b"value", [], 0)]) == 0
        await appender.discard()
        assert [record.value for record in await log.records_at(tp, [0])] == [b"value"]
        assert proxy.half_open() > 0
        with pytest.raises(LogUnavailable):
            await log.records_at(tp, [0])
        assert [record.value for record in await log.records_at(tp, [0])] == [b"value"]
    finally:
        await log.close()
        await proxy.stop()
        await broker.stop()
