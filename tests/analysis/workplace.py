"""A log by hand with known answers, and exports of it into a folder."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec

from adapters.kafka import topics
from adapters.kafka.analysis import Selection, read_events
from adapters.kafka.cluster import LogIdentity
from adapters.kafka.kafka_log import MAX_BATCH, KafkaLog
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import Log, NewRecord
from adapters.kafka.position import TP
from adapters.kafka.record import encode_headers, encode_value, type_of
from cli.events.exporting import export_events
from cli.events.ledger import Ledger
from cli.events.outputs import Output
from domain.envelope import Envelope
from tests.projections.handmade import HandmadeLog

IDENTITY: Final = LogIdentity("by-hand", {"lathe.accounts": "one"})


def at(log: HandmadeLog, day: str) -> None:
    """Go on at that day's noon, UTC."""
    log.time = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)


async def export(
    log: Log,
    output: Output,
    selection: Selection | None = None,
    *,
    asked: dict[str, str] | None = None,
    commit_bytes: int = 1 << 30,
    identity: LogIdentity = IDENTITY,
    offsets: Mapping[TP, int] | None = None,
    advanced: Callable[[int], None] = lambda records: None,
) -> int:
    """As `lathe events export` does. Returns how many events came."""
    ledger = Ledger(output.ledger, asked or {})
    chosen = ledger.done.selection if ledger.done else selection or Selection()
    async with read_events(log, chosen, bookmark=ledger, identity=identity, offsets=offsets) as reader:
        return await export_events(
            reader, output, ledger, asked or {}, chosen, commit_bytes=commit_bytes, advanced=advanced
        )


def table(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query over the exported Parquet, with `events` as the table."""
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False}) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.read_parquet(str(folder / "*.parquet")).create_view("events")
        return database.execute(query).fetchall()


async def append_run(log: HandmadeLog, account: str, event: msgspec.Struct, topic: topics.Topic = topics.RUNS) -> None:
    """What a worker would have written: no owner's headers, because nobody owns these topics."""
    log.time += timedelta(milliseconds=250)
    envelope = Envelope(
        id=log.new_id(),
        type=type_of(event),
        source="lathe/test",
        time=log.time,
        subject=account,
        actor="service/worker",
        correlation_id="by-hand",
    )
    tp = (topic.name, topics.account_partition(account))
    await log.put(tp, account.encode(), encode_value(event), encode_headers(envelope))


async def copy_to(kafka_url: str, log: MemoryLog) -> None:
    """Append to the broker what stands in `log`, partition by partition."""
    broker = KafkaLog(kafka_url)
    appender = await broker.appender()
    for tp, records in log.partitions.items():
        batch: list[NewRecord] = []
        for record in records:
            new = NewRecord(record.key or b"", record.value or b"", list(record.headers), record.timestamp)
            if sum(one.size() for one in batch) + new.size() > MAX_BATCH:
                await appender.append(tp, batch)
                batch = []
            batch.append(new)
        await appender.append(tp, batch)
    await appender.discard()
    await broker.close()
