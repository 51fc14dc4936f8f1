"""The log on a real broker, by aiokafka."""

import asyncio
import contextlib
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from adapters.coalescing import Coalescing
from adapters.kafka.connections import AIOKafkaConsumer, AIOKafkaProducer
from adapters.kafka.leaving import Leaving, ended
from adapters.kafka.picking import FETCH_BYTES, Picker
from adapters.kafka.port import AppendFailed, LogUnavailable, NewRecord
from adapters.kafka.position import TP
from adapters.kafka.reader import KafkaReader
from adapters.kafka.record import Record

ACK_DEADLINE_S: Final = 5.0
SHARED_QUESTION_S: Final = 1.0
"""How long several askers wait together for the ends of their partitions; then each asks for itself."""
MAX_BATCH: Final = 900_000
"""Bytes of one append; below the broker's default message.max.bytes."""


class KafkaLog:
    """`bootstrap`: comma-separated host:port. Connections are made when first needed."""

    def __init__(self, bootstrap: str, client_id: str = "lathe") -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._asker: AIOKafkaConsumer | None = None
        self._asker_lock = asyncio.Lock()
        self._leaving = Leaving()
        self._picker = Picker(partial(self._consumer, FETCH_BYTES))
        self._ends: Coalescing[Sequence[TP], dict[TP, int] | LogUnavailable] = Coalescing(self._ask_ends, most=500)

    async def reader(self, start: Mapping[TP, int]) -> KafkaReader:
        reader = KafkaReader(self._consumer, self.ends, start)
        await reader.connected()
        return reader

    async def appender(self) -> "KafkaAppender":
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=MAX_BATCH + 100_000,
            max_request_size=MAX_BATCH * 4,
            request_timeout_ms=10_000,
            metadata_max_age_ms=60_000,
        )
        await _started(producer)
        return KafkaAppender(producer)

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        try:
            ends = await self._ends.ask(tuple(tps))
        except ConnectionError as error:
            raise LogUnavailable(f"the broker did not tell its offsets: {error!r}") from error
        if isinstance(ends, LogUnavailable):
            raise ends
        return ends

    async def _ask_ends(self, questions: Sequence[Sequence[TP]]) -> Sequence[dict[TP, int] | LogUnavailable]:
        """Many questions in one request. Where it fails each is asked alone: one bad partition answers for itself."""
        asker = await self._connected()
        if len(questions) > 1:
            all_ = {TopicPartition(*tp) for question in questions for tp in question}
            with contextlib.suppress(LogUnavailable):
                ends = await _offsets(asker.end_offsets(list(all_)), SHARED_QUESTION_S)
                return [{tp: ends[tp] for tp in question} for question in questions]
        answers = await asyncio.gather(*(_ends_or_why_not(asker, tps) for tps in questions))
        if any(isinstance(answer, LogUnavailable) for answer in answers):
            self._leave(asker)
        return answers

    async def beginnings(self, tps: Iterable[TP]) -> dict[TP, int]:
        asker = await self._connected()
        try:
            return await _offsets(asker.beginning_offsets([TopicPartition(*tp) for tp in tps]))
        except LogUnavailable:
            self._leave(asker)
            raise

    async def offsets_at(self, tps: Iterable[TP], unix_ms: int) -> dict[TP, int]:
        asker = await self._connected()
        wanted = list(tps)
        ends = await self.ends(wanted)  # first: what comes in between is not passed over

        async def asked() -> dict[TopicPartition, int]:
            # No record is older than 1970, and the client refuses to ask for what is.
            found = await asker.offsets_for_times({TopicPartition(*tp): max(0, unix_ms) for tp in wanted})
            return {tp: ends[tp] if at is None else at.offset for tp, at in found.items()}

        try:
            return await _offsets(asked())
        except LogUnavailable:
            self._leave(asker)
            raise

    async def _connected(self) -> AIOKafkaConsumer:
        async with self._asker_lock:
            if self._asker is None:
                self._asker = await self._consumer()
            return self._asker

    def _leave(self, asker: AIOKafkaConsumer) -> None:
        """The next question goes over a new connection."""
        if self._asker is asker:
            self._asker = None
            self._leaving.leave(asker, ACK_DEADLINE_S)

    async def records_at(self, tp: TP, offsets: Sequence[int]) -> list[Record]:
        return await self._picker.pick(tp, offsets)

    async def close(self) -> None:
        await self._picker.close()
        await self._ends.stop()
        await self._leaving.close()
        if self._asker is not None:
            await ended(self._asker.stop())
            self._asker = None

    async def _consumer(self, fetch_bytes: int = 4 * 1024 * 1024) -> AIOKafkaConsumer:
        """A new one, started. Raises LogUnavailable."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=3_000,  # a reader with nothing to read costs little; what comes is told at once
            max_partition_fetch_bytes=fetch_bytes,
            request_timeout_ms=10_000,
            metadata_max_age_ms=60_000,
        )
        await _started(consumer)
        return consumer


class KafkaAppender:
    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._dead = False

    async def append(self, tp: TP, records: Sequence[NewRecord]) -> int:
        if self._dead:
            raise AppendFailed("this producer was discarded")
        batch = self._producer.create_batch()
        for r in records:
            if batch.append(timestamp=r.timestamp, key=r.key, value=r.value, headers=r.headers) is None:
                raise ValueError(f"{len(records)} records do not fit one batch of {MAX_BATCH} bytes")
        batch.close()
        try:
            async with asyncio.timeout(ACK_DEADLINE_S):
                future = await self._producer.send_batch(batch, tp[0], partition=tp[1])
                future.add_done_callback(_retrieved)
                metadata = await asyncio.shield(future)
        except (KafkaError, TimeoutError, OSError, AssertionError) as error:
            raise AppendFailed(f"no good ack for {tp[0]}/{tp[1]}: {error!r}") from error
        if metadata.offset < 0:
            raise AppendFailed("the broker took it for a duplicate and told no offset")
        return int(metadata.offset)

    async def discard(self) -> None:
        """Never by stop() or flush(): those would deliver what is pending. Connections first, then the sender."""
        if self._dead:
            return
        self._dead = True
        producer: Any = self._producer
        producer._closed = True
        sender = producer._sender.sender_task
        if sender is not None:
            sender.remove_done_callback(producer._sender._fail_all)
            sender.add_done_callback(_retrieved)
        producer._message_accumulator.fail_all(KafkaError("discarded"))
        await ended(producer.client.close())
        if sender is not None:
            sender.cancel()
            await asyncio.wait([sender], timeout=1)


def _retrieved(future: "asyncio.Future[Any]") -> None:
    """Nobody may be waiting any more: that is no error to be reported."""
    if not future.cancelled():
        future.exception()


async def _ends_or_why_not(asker: AIOKafkaConsumer, tps: Sequence[TP]) -> dict[TP, int] | LogUnavailable:
    try:
        return await _offsets(asker.end_offsets([TopicPartition(*tp) for tp in tps]))
    except LogUnavailable as error:
        return error


async def _offsets(asked: Awaitable[dict[TopicPartition, int]], most_s: float = ACK_DEADLINE_S) -> dict[TP, int]:
    try:
        async with asyncio.timeout(most_s):
            offsets = await asked
    except (KafkaError, TimeoutError, OSError) as error:
        raise LogUnavailable(f"the broker did not tell its offsets: {error!r}") from error
    return {(tp.topic, tp.partition): offset for tp, offset in offsets.items()}


async def _started(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Start a client, or leave nothing behind. Raises LogUnavailable."""
    try:
        async with asyncio.timeout(10):
            await client.start()
    except BaseException as error:
        await ended(client.stop())
        if isinstance(error, KafkaError | TimeoutError | OSError):
            raise LogUnavailable(f"cannot reach the broker: {error!r}") from error
        raise
