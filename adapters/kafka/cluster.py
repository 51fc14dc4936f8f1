"""Which log this is: the ids of cluster and topics, which tell a log that was replaced from its predecessor.

Topic ids came with KIP-516; aiokafka 0.14 asks for metadata in version 5, which has none, so version 12 of the request
(Kafka 3.1) is declared here. aiokafka has no types, hence the ignored subclassing.
"""

import asyncio
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from adapters.kafka.port import LogUnavailable


class LogIdentity(msgspec.Struct, frozen=True):
    """`topic_ids`: name → UUID that the broker gave the topic when it was made."""

    cluster_id: str
    topic_ids: dict[str, str]


async def identify(bootstrap: str, topics: tuple[str, ...]) -> LogIdentity:
    """Ask the broker. Raises LogUnavailable, also when one of `topics` does not exist yet."""
    answer = await _ask(bootstrap, topics)
    found = {name: str(topic_id) for _, name, topic_id, *_ in answer.topics if topic_id.int}
    missing = [name for name in topics if name not in found]
    if missing:
        raise LogUnavailable(f"topics are missing: {', '.join(missing)}")
    return LogIdentity(answer.cluster_id, found)


async def replication_of(bootstrap: str, topic: str) -> int:
    """How many replicas a topic's partitions have: whoever makes topics beside it makes as many. Raises LogUnavailable.

    1 when the topic has no partitions.
    """
    answer = await _ask(bootstrap, (topic,))
    return max((len(partition[4]) for found in answer.topics for partition in found[4]), default=1)


async def _ask(bootstrap: str, topics: tuple[str, ...]) -> Any:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="lathe", request_timeout_ms=10_000)
    try:
        async with asyncio.timeout(15):
            try:
                await admin.start()
                return await admin._send_request(_MetadataRequest(topics))
            finally:
                await admin.close()
    except (KafkaError, TimeoutError, OSError, NotImplementedError) as error:
        raise LogUnavailable(f"the broker did not say which cluster it is: {error!r}") from error


class _Uuid:
    """16 bytes on the wire."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))

    @classmethod
    def repr(cls, value: UUID) -> str:
        return str(value)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataRequestV12(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequestV12]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: tuple[str, ...]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequestV12]) -> Any:
        named: list[Any] = [(UUID(int=0), topic, {}) for topic in self._topics]
        return request_struct_class(named, False, False, {})
