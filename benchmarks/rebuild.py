"""Rebuilding the read models from the log: events a second, 6 events a task, into a PostgreSQL that syncs its commits.
One rebuild beforehand warms it up.

Peers, in the same run: aiokafka's bare `getmany` of the same topic, and the naive projector: one transaction per event.
"""

import asyncio
import gc
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from adapters.collector import BATCHES, collect_rarely
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.port import Appender, NewRecord
from adapters.kafka.record import Record
from adapters.kafka.topics import ACCOUNTS
from adapters.object_store.s3 import make_store
from adapters.postgres.read.tables import SCHEMA
from adapters.settings import load_settings
from benchmarks.pace import events, pick, rounds
from benchmarks.result import Result, compared
from cli.stack.postgres import PostgresConfig, ensure_database, postgres_part
from domain.account import events as e
from processors.parts import Parts
from processors.projections.role import run_projections
from tests import embedded
from tests.projections.handmade import CREDIT, HandmadeLog, cancelled, requested, started

EVENTS_A_TASK: Final = 6
ACCOUNTS_IN_ALL: Final = 60
_BATCH: Final = 400
_IN_MEMORY: Final = 5000
"""Tasks."""


def measure() -> list[Result]:
    tasks = events(pick(240_000, 48_000, 120)) // EVENTS_A_TASK
    with tempfile.TemporaryDirectory(prefix="lathe-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # PostgreSQL runs as another user
        config = PostgresConfig(root / "postgres", embedded.PORTS.choose(5432), password="only-for-benchmarks")
        with embedded.kafka(root) as kafka, embedded.running(postgres_part(config), root):
            written = uvloop.run(write(kafka, tasks))
            found: dict[str, list[float]] = {"projected": [], "raw": [], "naive": []}
            project(kafka, uvloop.run(_new_database(config, "warm_up")), written)
            for number in range(rounds()):
                url = uvloop.run(_new_database(config, f"round_{number}"))
                found["raw"].append(written / uvloop.run(read_raw(kafka)))
                found["projected"].append(written / project(kafka, url, written))
                naive = pick(2000, 1000, 10)
                found["naive"].append(naive / uvloop.run(_project_naively(kafka, url, naive)))
                print(f"  rebuild {number + 1}: " + ", ".join(f"{k} {v[-1]:,.0f}/s" for k, v in found.items()))
    return [
        compared("rebuild", "events/s", found["projected"], found["raw"], "bare aiokafka getmany", goal=0.25),
        compared("rebuild", "events/s", found["projected"], found["naive"], "one transaction per event", goal=25),
    ]


async def _new_database(config: PostgresConfig, name: str) -> str:
    """Its URL. What earlier rounds left to be written is written, and their log's files are free to be used again, as
    they are in a database that has run for a while: to make new ones costs a round seconds, or nothing.
    """
    url = f"{config.url.rpartition('/')[0]}/{name}"
    await ensure_database(url)
    connection = await asyncpg.connect(url)
    await connection.execute("CHECKPOINT")
    await connection.close()
    return url


async def write(kafka: str, tasks: int) -> int:
    """A log of tasks that were started, retried, started again, and cancelled; how many events it has."""
    handmade = HandmadeLog()
    handmade.time = datetime.now(UTC) - timedelta(
        seconds=tasks * EVENTS_A_TASK
    )  # no broker takes records from the future
    accounts = [handmade.account_in(n % ACCOUNTS.partitions) for n in range(ACCOUNTS_IN_ALL)]
    for number, account_id in enumerate(accounts):
        await handmade.append(account_id, e.AccountOpened(user_id=number + 1, granted=tasks * CREDIT))
    log = KafkaLog(kafka)
    appender, written = await log.appender(), 0
    for number in range(tasks):
        account_id, task_id = accounts[number % len(accounts)], handmade.new_id()
        await handmade.append(account_id, requested(task_id))
        await handmade.append(account_id, started(task_id))
        await handmade.append(account_id, e.TaskRetried(task_id=task_id, attempt=2, reason="lease-expired"))
        await handmade.append(account_id, started(task_id, attempt=2))
        await handmade.append(account_id, e.TaskCancelRequested(task_id=task_id, attempt=2, reason="client"))
        await handmade.append(account_id, cancelled(task_id, attempt=2))
        if number % _IN_MEMORY == 0:
            written += await _move(handmade, appender)
    written += await _move(handmade, appender)
    await appender.discard()
    await log.close()
    return written


async def _move(handmade: HandmadeLog, appender: Appender) -> int:
    """What was made so far goes to the broker, and out of memory. Returns how many records that were."""
    moved = 0
    for tp, records in handmade.log.partitions.items():
        for i in range(0, len(records), _BATCH):
            await appender.append(tp, [_as_new(record) for record in records[i : i + _BATCH]])
        moved += len(records)
        records.clear()
    return moved


def _as_new(record: Record) -> NewRecord:
    return NewRecord(record.key or b"", record.value or b"", list(record.headers), record.timestamp)


async def read_raw(kafka: str) -> float:
    """Seconds to read the topic, and do nothing with it."""
    async with AIOKafkaConsumer(bootstrap_servers=kafka, max_partition_fetch_bytes=4 * 1024 * 1024) as consumer:
        partitions = [TopicPartition(ACCOUNTS.name, p) for p in range(ACCOUNTS.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        left = sum((await consumer.end_offsets(partitions)).values())
        began = time.perf_counter()
        while left > 0:
            got = await consumer.getmany(timeout_ms=1000, max_records=5000)
            left -= sum(len(records) for records in got.values())
        return time.perf_counter() - began


def project(kafka: str, url: str, written: int) -> float:
    """With the collector set as in `python -m processors`."""
    before = gc.get_threshold()
    collect_rarely(BATCHES)
    try:
        return uvloop.run(_project(kafka, url, written))
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _project(kafka: str, url: str, written: int) -> float:
    """Seconds from the projector's first look at the log until every record is in the read models."""
    log, leading = KafkaLog(kafka), asyncio.Event()
    settings = load_settings(kafka_url=kafka, postgres_url=url)
    parts = Parts(settings, kafka, url, log, lambda: make_store(settings))
    projecting = asyncio.create_task(run_projections(parts, leading.set))
    try:
        await leading.wait()
        began = time.perf_counter()
        watching = await asyncpg.connect(url)
        while (await watching.fetchval(f"SELECT sum(next_offset) FROM {SCHEMA}.projection_offsets") or 0) < written:
            if projecting.done():
                projecting.result()
            await asyncio.sleep(0.02)
        took = time.perf_counter() - began
        await watching.close()
        return took
    finally:
        projecting.cancel()
        await asyncio.wait([projecting])
        await log.close()


async def _project_naively(kafka: str, url: str, events: int) -> float:
    """Seconds for `events` events: decode, one row, one offset, commit."""
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE naive (task_id text PRIMARY KEY, status text, attempt int)")
    await connection.execute("CREATE TABLE naive_offsets (partition int PRIMARY KEY, next_offset bigint)")
    async with AIOKafkaConsumer(bootstrap_servers=kafka) as consumer:
        partition = TopicPartition(ACCOUNTS.name, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        began, left = time.perf_counter(), events
        async for record in consumer:
            event = json.loads(record.value)
            async with connection.transaction():
                await connection.execute(
                    "INSERT INTO naive VALUES ($1, $2, $3) "
                    "ON CONFLICT (task_id) DO UPDATE SET status = $2, attempt = $3",
                    event.get("task_id", ""),
                    dict(record.headers)["ce_type"].decode(),
                    event.get("attempt", 1),
                )
                await connection.execute(
                    "INSERT INTO naive_offsets VALUES (0, $1) ON CONFLICT (partition) DO UPDATE SET next_offset = $1",
                    record.offset + 1,
                )
            left -= 1
            if left == 0:
                break
        took = time.perf_counter() - began
    await connection.close()
    return took
