"""Writing to topics that nobody owns: runs, progress, workers, owners. Facts of their writer, acks=all."""

import asyncio
from datetime import UTC, datetime

import msgspec

from adapters.ids import new_id
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.port import Appender, AppendFailed, Log, NewRecord
from adapters.kafka.record import encode_headers, encode_value, type_of
from adapters.kafka.topics import Topic
from domain.envelope import Envelope


class EventWriter:
    """`source` becomes ce_source. After a failed write the producer is made anew; the caller decides on a repeat."""

    def __init__(self, log: Log | str, source: str) -> None:
        self._log = KafkaLog(log) if isinstance(log, str) else log
        self._owns_log = isinstance(log, str)
        self._source = source
        self._appender: Appender | None = None
        self._making = asyncio.Lock()

    async def start(self) -> None:
        await self._ready()

    async def stop(self) -> None:
        if self._appender is not None:
            await self._appender.discard()
            self._appender = None
        if self._owns_log:
            await self._log.close()

    async def write(
        self,
        topic: Topic,
        partition: int,
        key: str,
        event: msgspec.Struct,
        *,
        subject: str,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
        traceparent: str | None = None,
    ) -> int:
        """Append one event; returns its offset. Raises AppendFailed (outcome open: repeat, readers deduplicate)."""
        now = datetime.now(UTC)
        envelope = Envelope(
            id=new_id(),
            type=type_of(event),
            source=self._source,
            time=now,
            subject=subject,
            actor=actor,
            correlation_id=correlation_id,
            causation_id=causation_id,
            traceparent=traceparent,
        )
        record = NewRecord(key.encode(), encode_value(event), encode_headers(envelope), int(now.timestamp() * 1000))
        appender = await self._ready()
        try:
            return await appender.append((topic.name, partition), [record])
        except AppendFailed:
            if self._appender is appender:
                self._appender = None
            await appender.discard()
            raise

    async def _ready(self) -> Appender:
        async with self._making:
            if self._appender is None:
                self._appender = await self._log.appender()
            return self._appender
