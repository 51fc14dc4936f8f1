"""Kafka: reachable, and with the topics that the code needs, none of which may ever lose or compact a record."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from msgspec import Struct

from adapters.kafka import topics
from adapters.kafka.position import TP
from adapters.kafka.record import Record, Undecodable, decode
from cli.doctor.finding import Finding, fail, ok, warn

TIMEOUT_S: Final = 8.0
AREA: Final = "kafka"
AWAY: Final = (KafkaError, OSError, TimeoutError)


async def check_broker(bootstrap: str, wanted: Sequence[topics.Topic] = topics.ALL) -> list[Finding]:
    """Whether it answers and how its topics are made."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(TIMEOUT_S * 1000))
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await admin.start()
            brokers = len((await admin.describe_cluster())["brokers"])
            existing = set(await admin.list_topics())
            names = [topic.name for topic in wanted if topic.name in existing]
            described = {topic["topic"]: topic for topic in await admin.describe_topics(names)} if names else {}
            configured = await _configurations(admin, names)
    except AWAY as error:
        return [fail(AREA, f"No broker answers at {bootstrap} ({type(error).__name__})", _RESTART)]
    finally:
        await admin.close()
    findings = [ok(AREA, f"{brokers} broker{'s' if brokers > 1 else ''} at {bootstrap}")]
    for topic in wanted:
        if topic.name not in described:
            findings.append(fail(AREA, f"The topic {topic.name} is missing", "python -m cli.stack.topics"))
            continue
        faults = [*_partitions(topic, described[topic.name]), *_keeping(topic, configured[topic.name])]
        findings += faults
    if len(findings) == 1:
        findings.append(ok(AREA, f"{len(wanted)} topics with the right partitions, retention and no compaction"))
    return findings


_RESTART: Final = (
    "`lathe up` starts it again by itself (its log: logs/kafka.log); an external one: LATHE_KAFKA_URL, network, broker."
)


async def _configurations(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(asked):
        for resource in answer.resources:
            found[resource[3]] = {entry[0]: str(entry[1]) for entry in resource[4]}
    return found


def _partitions(topic: topics.Topic, described: dict[str, Any]) -> Iterator[Finding]:
    partitions = described["partitions"]
    if len(partitions) != topic.partitions:
        yield fail(
            AREA,
            f"{topic.name} has {len(partitions)} partitions instead of {topic.partitions}",
            "Histories would be split: use another cluster or state folder. Counts cannot change in a cluster's life.",
        )
    leaderless = sorted(p["partition"] for p in partitions if p["leader"] < 0)
    if leaderless:
        yield fail(AREA, f"{topic.name} has no leader for partitions {leaderless}", "Bring the missing brokers back.")
    behind = sorted(p["partition"] for p in partitions if len(p["isr"]) < len(p["replicas"]))
    if behind:
        yield warn(AREA, f"{topic.name} is under-replicated in partitions {behind}", "Bring the missing brokers back.")


def _keeping(topic: topics.Topic, configured: dict[str, str]) -> Iterator[Finding]:
    """What the topic keeps: a truth topic keeps everything for ever."""
    alter = f"kafka-configs --alter --entity-type topics --entity-name {topic.name} --add-config"
    if "compact" in configured.get("cleanup.policy", ""):
        yield fail(AREA, f"{topic.name} is compacted: history is being lost", f"{alter} cleanup.policy=delete")
    kept = int(configured.get("retention.ms", topic.retention_ms))
    if kept != -1 and (topic.retention_ms == -1 or kept < topic.retention_ms):
        wanted = "for ever" if topic.retention_ms == -1 else f"{topic.retention_ms} ms"
        yield fail(
            AREA,
            f"{topic.name} keeps records for {kept} ms instead of {wanted}",
            f"{alter} retention.ms={topic.retention_ms}",
        )
    if int(configured.get("retention.bytes", -1)) != -1:
        yield fail(AREA, f"{topic.name} deletes by size", f"{alter} retention.bytes=-1")


async def log_ends(bootstrap: str, partitions: Sequence[TP]) -> dict[TP, int]:
    """The end offsets now. Raises KafkaError, OSError, TimeoutError."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=int(TIMEOUT_S * 1000))
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await consumer.start()
            ends = await consumer.end_offsets([TopicPartition(*tp) for tp in partitions])
    finally:
        await consumer.stop()
    return {(tp.topic, tp.partition): int(end) for tp, end in ends.items()}


async def last_events(bootstrap: str, topic: topics.Topic, most: int) -> list[tuple[int, Struct]]:
    """(timestamp in ms since 1970, event) of the last `most` records of partition 0.

    Raises KafkaError, OSError, TimeoutError. Records that cannot be decoded are left out.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=int(TIMEOUT_S * 1000))
    tp = TopicPartition(topic.name, 0)
    found: list[tuple[int, Struct]] = []
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await consumer.start()
            consumer.assign([tp])
            first, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
            consumer.seek(tp, max(first, end - most))
            while await consumer.position(tp) < end:
                for message in (await consumer.getmany(timeout_ms=500)).get(tp, []):
                    decoded = decode(_record(message))
                    if not isinstance(decoded, Undecodable):
                        found.append((message.timestamp, decoded[1]))
    finally:
        await consumer.stop()
    return found


def _record(message: Any) -> Record:
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.timestamp,
        message.key,
        message.value,
        tuple(message.headers),
    )
