"""A connection on which nothing arrives any more: the next question goes over another one."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.kafka import topics
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.port import LogUnavailable, NewRecord
from tests.log.broker import Broker, free_port
from tests.log.proxy import Proxy

TP = (topics.RUNS.name, 0)


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[tuple[KafkaLog, Proxy]]:
    """The log of a broker with one empty topic, reached through the proxy."""
    port, behind = free_port(), free_port()
    broker, proxy = Broker(tmp_path, [("PROXIED", behind, port)]), Proxy(port, behind)
    await broker.start()
    await proxy.start()
    log = KafkaLog(f"127.0.0.1:{port}")
    try:
        await broker.create([topics.RUNS])
        yield log, proxy
    finally:
        await log.close()
        await proxy.stop()
        await broker.stop()


async def test_who_asked_in_vain_asks_anew(proxied: tuple[KafkaLog, Proxy]) -> None:
    log, proxy = proxied
    assert await log.ends([TP]) == {TP: 0}
    assert proxy.half_open() > 0
    with pytest.raises(LogUnavailable):
        await log.ends([TP])
    began = time.monotonic()
    async with asyncio.timeout(60):
        while True:
            try:
                assert await log.beginnings([TP]) == await log.ends([TP]) == {TP: 0}
                break
            except LogUnavailable:
                assert time.monotonic() - began < 60


async def test_records_are_read_over_another_connection(proxied: tuple[KafkaLog, Proxy]) -> None:
    """An owner that takes over looks for its snapshot's last record: in vain for ever, it never owned the partition."""
    log, proxy = proxied
    appender = await log.appender()
    assert await appender.append(TP, [NewRecord(b"key", b"value", [], 0)]) == 0
    await appender.discard()
    assert [record.value for record in await log.records_at(TP, [0])] == [b"value"]
    assert proxy.half_open() > 0
    with pytest.raises(LogUnavailable):
        await log.records_at(TP, [0])
    assert [record.value for record in await log.records_at(TP, [0])] == [b"value"]
