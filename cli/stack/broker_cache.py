"""The broker's start-up cache: its classes are read, linked and profiled ahead (JEP 483, 514, 515; Java 25).

`python -m cli.stack.broker_cache` makes it, by running a broker of its own for a few seconds. With it a broker is ready
in half the time, and works at full speed sooner. Without it (an older Java, no place to write) it starts as ever. Its
name tells for which Java and jars it is, and its digest.
"""

import asyncio
import logging
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from adapters.kafka.topics import ACCOUNTS
from cli.stack.errors import StackError
from cli.stack.jars import default_repository, ensure_jars
from cli.stack.java import find_java
from cli.stack.kafka import KafkaConfig, cache_name, digest_of, find_cache, kafka_part
from cli.stack.part import Part
from cli.stack.ports import Ports
from cli.stack.process import start

WRITERS: Final = 24
RECORDS: Final = 200
"""Of each writer: so many that the code they go through is worth compiling."""
STOP_S: Final = 300.0
"""Java writes the cache when the broker stops."""


def cache_parts(java: Path, class_path: str) -> list[Part]:
    """The task that makes the cache; nothing where it is there, or cannot be."""
    if cache_name(java, class_path) is None or find_cache(java, class_path) is not None:
        return []
    command = (sys.executable, "-m", "cli.stack.broker_cache")
    return [Part("broker-cache", command, is_task=True, vital=False, awaited=False, ready_seconds=900)]


def make_cache(java: Path, class_path: str) -> None:
    """Raises StackError, OSError, KafkaError, TimeoutError."""
    with tempfile.TemporaryDirectory(prefix="lathe-broker-") as folder:
        ports, made = Ports(prefer_usual=False), Path(folder) / "made.aot"
        config = KafkaConfig(Path(folder) / "kafka", ports.choose(9092), ports.choose(9093), java, class_path)
        running = start(replace(kafka_part(config, trains=made), stop_seconds=STOP_S), Path(folder) / "broker.log")
        try:
            running.wait_ready()
            running.part.once_ready()
            asyncio.run(_work(config.url))
        finally:
            running.stop()
        if not made.exists():
            raise StackError(f"Java wrote no cache.{running.last_words()}")
        _keep(made, default_repository(), f"{cache_name(java, class_path)}-{digest_of(made)}.aot")


def _keep(made: Path, folder: Path, name: str) -> None:
    """Instead of all others. Under its name it is whole, though the folders may lie on different disks."""
    beside = folder / f"{name}.{os.getpid()}"
    try:
        shutil.copyfile(made, beside)
        beside.replace(folder / name)
    finally:
        beside.unlink(missing_ok=True)
    for other in folder.glob("broker-*.aot"):
        if other.name != name:
            other.unlink(missing_ok=True)


async def _work(url: str) -> None:
    """What a broker does all day: appends of many writers, each acknowledged, and a reader that follows."""
    producer = AIOKafkaProducer(bootstrap_servers=url, acks="all", enable_idempotence=True, linger_ms=0)
    consumer = AIOKafkaConsumer(ACCOUNTS.name, bootstrap_servers=url, auto_offset_reset="earliest")

    async def write(number: int) -> None:
        for _ in range(RECORDS):
            await producer.send_and_wait(ACCOUNTS.name, b"0" * 400, partition=number % ACCOUNTS.partitions)

    async def read() -> None:
        left = WRITERS * RECORDS
        while left > 0:
            left -= sum(map(len, (await consumer.getmany(timeout_ms=500)).values()))

    async with producer, consumer:
        async with asyncio.timeout(120):
            await asyncio.gather(read(), *(write(number) for number in range(WRITERS)))


def main() -> None:
    """A broker without its cache is slower and nothing else, so nothing here is an error to whoever waits for it."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a new broker refuses the first requests
    try:
        java, class_path = find_java(), ensure_jars(default_repository(), lambda done, total: None)
        if not cache_parts(java, class_path):
            return
        print("preparing the broker's fast start, once", flush=True)
        make_cache(java, class_path)
    except (StackError, KafkaError, OSError, TimeoutError) as error:
        print(f"the broker starts without its cache: {error}")
    else:
        print("prepared")


if __name__ == "__main__":
    main()
