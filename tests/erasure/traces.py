"""Where strings of a person could stand: every place of a running stack, as bytes."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

Place = tuple[str, bytes]
"""(what it is, its content)."""


def files_under(folder: Path) -> Iterator[Place]:
    """Logs, the broker's segments, PostgreSQL's pages and write-ahead log, the object store's, temporary files.

    Not the broker's indexes: numbers alone, in 10 MB of zeros for each partition.
    """
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file() and not path.is_symlink() and path.suffix not in (".index", ".timeindex"):
                yield str(path.relative_to(folder)), path.read_bytes()
        except FileNotFoundError:  # a file of a running process comes and goes
            continue


async def records_of(kafka_url: str) -> list[Place]:
    """Key, headers and value of every record of every topic, decompressed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url)
    await admin.start()
    topics = [topic for topic in await admin.describe_topics() if not topic["topic"].startswith("__")]
    tps = [TopicPartition(topic["topic"], one["partition"]) for topic in topics for one in topic["partitions"]]
    await admin.close()
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_url, enable_auto_commit=False, isolation_level="read_committed")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(tps)
        tps = [tp for tp in tps if ends[tp]]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        found: list[Place] = []
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    headers = b"".join(name.encode() + b"=" + value for name, value in record.headers)
                    whole = b"\n".join((record.key or b"", headers, record.value or b""))
                    found.append((f"{tp.topic}:{tp.partition}@{record.offset}", whole))
        return found
    finally:
        await consumer.stop()


async def rows_of(postgres_url: str) -> list[Place]:
    """Every row of every table, as text; bytes as they are."""
    connection = await asyncpg.connect(postgres_url)
    tables = await connection.fetch(
        "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    found: list[Place] = []
    for table in tables:
        rows: list[Any] = await connection.fetch(f"SELECT * FROM {table['name']}")
        found += [(table["name"], b"\n".join(map(_bytes, row.values()))) for row in rows]
    await connection.close()
    return found


def figures_of(urls: dict[str, str]) -> list[Place]:
    """What each process tells Prometheus."""
    return [(f"metrics of {name}", httpx.get(url, timeout=30).content) for name, url in urls.items()]


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def search(
    words: Iterable[bytes], folder: Path, kafka_url: str, postgres_url: str, metrics: dict[str, str]
) -> dict[bytes, list[str]]:
    """Which places name each word now, in any case of letters."""
    told = [*asyncio.run(records_of(kafka_url)), *asyncio.run(rows_of(postgres_url)), *figures_of(metrics)]
    found: dict[bytes, list[str]] = {word: [] for word in words}
    for name, content in chain(told, files_under(folder)):
        lower = content.lower()
        for word, names in found.items():
            if word.lower() in lower:
                names.append(name)
    return found
