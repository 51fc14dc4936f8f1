"""The role `publisher`, a process on a real broker, killed while it publishes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from adapters.kafka.position import TP
from domain.account import events as e
from tests.analysis.workplace import at, copy_to
from tests.conftest import parts
from tests.projections.handmade import CREDIT, HandmadeLog, completed, requested, started

PUBLIC = "lathe.public.accounts"
PARTITIONS = (2, 5)
TASKS = 1500
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of its own: handmade events name run records that no log holds, and owners would look for them."""
    with parts.kafka(tmp_path_factory.mktemp("kafka")) as url:
        yield url


@pytest.fixture
def publisher(kafka_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts `python -m <module>` with the publisher alone."""
    running: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {
        "LATHE_HOME": str(tmp_path), "LATHE_KAFKA_URL": kafka_url, "LATHE_PROCESSORS": "publisher",
        "LATHE_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/not-used",
    }  # fmt: skip

    def start(*module: str) -> "subprocess.Popen[bytes]":
        with (tmp_path / "publisher.log").open("ab") as output:
            command = [sys.executable, "-m", *module]
            running.append(subprocess.Popen(command, env=environment, stdout=output, stderr=output))
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.wait()


async def history(accounts: int) -> HandmadeLog:
    log = HandmadeLog()
    at(log, "2026-01-05")  # a broker takes no times that lie ahead
    for n in range(accounts):
        account = log.account_in(PARTITIONS[n % 2])
        await log.append(account, e.AccountOpened(user_id=n, granted=1000 * CREDIT))
        for _ in range(TASKS // accounts):
            task = log.new_id(PARTITIONS[n % 2])
            await log.append(account, requested(task))
            await log.put(("lathe.accounts", 2), b"nobody", b"{}", [])  # void
            await log.append(account, started(task))
            await log.append(account, completed(task, log.new_id(5)))
    return log


async def read_committed(kafka_url: str, count: int) -> dict[TP, list[str]]:
    """The source positions of the copies, at least `count`, as a foreign reader gets them, and any after them."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_url, isolation_level="read_committed", enable_auto_commit=False)
    found: defaultdict[TP, list[str]] = defaultdict(list)
    await consumer.start()
    try:
        tps = [TopicPartition(PUBLIC, partition) for partition in PARTITIONS]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        while True:
            got = await consumer.getmany(timeout_ms=1000)
            for tp, records in got.items():
                for record in records:
                    headers = dict(record.headers)
                    found[("lathe.accounts", tp.partition)].append(headers["ce_sourceposition"].decode())
            if not any(got.values()) and sum(map(len, found.values())) >= count:
                return found
    finally:
        await consumer.stop()


@pytest.mark.slow
async def test_nothing_is_missing_and_nothing_is_there_twice(kafka_url: str, publisher: Start) -> None:
    by_hand = await history(accounts=6)
    await copy_to(kafka_url, by_hand.log)
    wanted: defaultdict[TP, list[str]] = defaultdict(list)
    for entry in by_hand.entries():
        if entry.kind == "event":
            tp = (entry.record.topic, entry.record.partition)
            wanted[tp].append(f"{tp[0]}:{tp[1]}@{entry.record.offset}")
    for where in ("copy", "place", "commit", "committed", "copy"):
        process = publisher("tests.publisher.dying", where)
        assert await asyncio.to_thread(process.wait, 60) == -signal.SIGKILL, where
    publisher("processors")
    assert await read_committed(kafka_url, sum(map(len, wanted.values()))) == wanted
