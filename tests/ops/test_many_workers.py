"""However many workers there are, each is heard, and only those that beat lately are looked at."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.analysis.tailing import last_entries
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.port import NewRecord
from adapters.kafka.record import encode_headers, encode_value, type_of
from cli.ops.workers import TAILS
from cli.ops.workers_heard import HEARTBEATS, heard_workers
from domain.envelope import Envelope
from domain.runs.events import WorkerBeat

WORKERS = (topics.WORKERS.name, 0)
SOME = 700
AT_ONCE = 350
"""Records of one batch."""


def beat(worker_id: str, at: datetime, stopping: bool = False) -> NewRecord:
    event = WorkerBeat(
        worker_id=worker_id, host="h", device="cpu", slots=1, engines=(), running=(), assignments_offset=0,
        started_at=at, stopping=stopping,
    )  # fmt: skip
    envelope = Envelope(
        id=new_id(), type=type_of(event), source="test", time=at, subject=worker_id, actor=f"worker/{worker_id}",
        correlation_id=new_id(),
    )  # fmt: skip
    return NewRecord(worker_id.encode(), encode_value(event), encode_headers(envelope), round(at.timestamp() * 1000))


async def told(bootstrap: str, beats: Iterable[NewRecord]) -> None:
    log, records = KafkaLog(bootstrap), list(beats)
    try:
        appender = await log.appender()
        for first in range(0, len(records), AT_ONCE):
            await appender.append(WORKERS, records[first : first + AT_ONCE])
        await appender.discard()
    finally:
        await log.close()


async def test_each_of_many_workers_is_heard(kafka_url: str) -> None:
    workers = [f"many-{new_id()}" for _ in range(SOME)]
    now = datetime.now(UTC)
    soon = now + timedelta(minutes=5)  # however long the test takes
    silent = beat(f"silent-{workers[0]}", now - timedelta(minutes=1))
    await told(kafka_url, [silent, *(beat(worker, soon) for worker in workers for _ in range(2))])
    try:
        tails = await last_entries(kafka_url, TAILS, HEARTBEATS)
        heard = {worker.worker_id for worker in heard_workers(tails, time.time()) if worker.alive}
        assert heard >= set(workers)
        assert silent.key not in {entry.record.key for entry in tails[WORKERS]}
    finally:
        await told(kafka_url, (beat(worker, soon, stopping=True) for worker in workers))
