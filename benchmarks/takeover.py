"""How long a partition of 1,000,000 events has no owner after its owner's death is known, with and without a snapshot;
and how many bytes of memory an old task takes.

Broker and object store are those of `lathe up`. The dead owner's snapshot is as old as it may be: as many records stand
behind it as `LATHE_SNAPSHOT_EVENTS` says.
"""

import asyncio
import statistics
import tempfile
import time
import tracemalloc
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import uvloop

from adapters.collector import collect_rarely
from adapters.kafka.appenders import Appenders
from adapters.kafka.cluster import LogIdentity, identify
from adapters.kafka.fold import PartitionFold
from adapters.kafka.follower import read
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.owner import PartitionOwner
from adapters.kafka.port import NewRecord
from adapters.kafka.record import Record, kept_of
from adapters.kafka.snapshot import take
from adapters.kafka.snapshots import PREFIX, Snapshots
from adapters.kafka.topics import ACCOUNTS
from adapters.object_store.s3 import S3Store
from adapters.settings import load_settings
from benchmarks.finished import AT, EVENTS_A_TASK, Finished
from benchmarks.pace import pick, rounds
from benchmarks.result import Result
from domain.account.decider import AccountDecider
from tests import embedded

LIMIT_S: Final = 3.0
LIMIT_BYTES: Final = 200.0
NEVER: Final = 10**12
_DAY_S: Final = 86_400.0
_BATCH: Final = 400
_PATIENCE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Took:
    seconds: float
    processor_s: float
    """Seconds that this process's threads were running: what a machine with nothing else to do would take."""


def measure() -> list[Result]:
    events = pick(1_000_000, 200_000, 3_000)
    tail = min(load_settings().snapshot_events, events // 4)
    old = _bytes_a_task(False, pick(100_000, 40_000, 2_000))
    whole = _bytes_a_task(True, pick(20_000, 8_000, 1_000))
    with tempfile.TemporaryDirectory(prefix="lathe-bench-") as folder:
        root = Path(folder)
        with embedded.kafka(root) as kafka, embedded.s3(root) as where:
            found = uvloop.run(_take_over(kafka, S3Store(*where), events, tail))
    what = f"takeover of {events:,} events"
    return [
        _within(f"{what}: snapshot, and {tail:,} events after it", "s", found["with"], LIMIT_S),
        _plain("of that, the processor", "s", found["with, processor"]),
        _plain(f"{what}: no snapshot", "s", found["without"]),
        _plain("of that, the processor", "s", found["without, processor"]),
        _plain("that snapshot", "MB", found["bytes"]),
        _plain("pause of the owner that takes it", "ms", found["pause"]),
        _within("memory of an old task with 3 results", "bytes", [old], LIMIT_BYTES),
        _plain("memory of the same, kept whole", "bytes", [whole]),
    ]


def _plain(what: str, unit: str, found: list[float]) -> Result:
    return Result(what, statistics.median(found), unit, rounds=tuple(found))


def _within(what: str, unit: str, found: list[float], limit: float) -> Result:
    value = statistics.median(found)
    return Result(what, value, unit, limit, "the limit", 1, less_is_better=True, rounds=tuple(found))


def _bytes_a_task(keeps_all: bool, tasks: int) -> float:
    """In a process of its own, for each of so many tasks that ended, when some are old already."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(growth, keeps_all, tasks).result() / tasks


def growth(keeps_all: bool, tasks: int) -> int:
    """Bytes that Python allocated and holds for `tasks` tasks that came and ended, in this very process."""
    before = tasks // 4 * EVENTS_A_TASK
    decider = AccountDecider(tasks=None, files=None) if keeps_all else AccountDecider()
    fold: PartitionFold[Any] = PartitionFold(AT, decider)
    records = list(_placed(Finished(tasks // 4 + tasks, _DAY_S).records()))
    tracemalloc.start()
    _fold(fold, records[:before])
    held, _ = tracemalloc.get_traced_memory()
    _fold(fold, records[before : before + tasks * EVENTS_A_TASK])
    return tracemalloc.get_traced_memory()[0] - held


def _placed(records: Iterator[NewRecord]) -> Iterator[Record]:
    for offset, r in enumerate(records):
        yield Record(*AT, offset, r.timestamp, r.key, r.value, kept_of(tuple(r.headers)))


def _fold(fold: PartitionFold[Any], records: list[Record]) -> None:
    for record in records:
        fold.apply(read(fold.position, record))


async def _take_over(kafka: str, store: S3Store, events: int, tail: int) -> dict[str, list[float]]:
    """Seconds of takeovers with and without a snapshot, of taking it, and its bytes."""

    async def identity() -> LogIdentity:
        return await identify(kafka, (ACCOUNTS.name,))

    log = KafkaLog(kafka)
    finished = Finished(events // EVENTS_A_TASK, _DAY_S)
    records = finished.records()
    found: dict[str, list[float]] = defaultdict(list)
    await _write(log, islice(records, events - tail))
    collect_rarely()
    snapshots = Snapshots(store, log, identity, NEVER)
    async with _taken_over(log, snapshots) as (owner, _):
        (claim,) = await log.records_at(AT, [owner.fold.position.offset - 1])
        for _ in range(rounds()):
            began = time.perf_counter()
            taken = take(owner.fold, owner.fold.position, claim.by_name["ce_id"].decode())
            found["pause"].append((time.perf_counter() - began) * 1000)
    await snapshots.save(taken)
    (key,) = await store.keys(PREFIX)
    found["bytes"].append((await store.stat(key)).bytes / 1e6)
    await _write(log, iter([finished.claimed(taken.position.epoch)]))
    await _write(log, islice(records, tail - 1))
    for _ in range(rounds()):
        for name, used in (("with", snapshots), ("without", None)):
            async with _taken_over(log, used) as (_, took):
                found[name].append(took.seconds)
                found[f"{name}, processor"].append(took.processor_s)
        print(
            f"  takeover: {found['with'][-1]:.2f} s with, {found['without'][-1]:.2f} s without a snapshot", flush=True
        )
    await log.close()
    await store.close()
    return found


@asynccontextmanager
async def _taken_over(log: KafkaLog, snapshots: Snapshots | None) -> AsyncIterator[tuple[PartitionOwner, Took]]:
    """A new owner, and how long it took until its claim stood; at the end it dies."""
    appenders, owned = Appenders(log), asyncio.Event()

    async def tell(_: PartitionOwner) -> None:
        owned.set()

    owner = PartitionOwner(
        log, appenders, AT, AccountDecider(), address="here", source="here", on_owned=tell, snapshots=snapshots
    )
    owner.want(True)
    began, used = time.perf_counter(), time.process_time()
    running = asyncio.create_task(owner.run())
    async with asyncio.timeout(_PATIENCE_S):
        await owned.wait()
    took = Took(time.perf_counter() - began, time.process_time() - used)
    try:
        yield owner, took
    finally:
        running.cancel()
        await asyncio.wait([running])
        await appenders.close()


async def _write(log: KafkaLog, records: Iterator[NewRecord]) -> None:
    appender = await log.appender()
    while batch := list(islice(records, _BATCH)):
        await appender.append(AT, batch)
    await appender.discard()
