"""Writing to topics that nobody owns: runs, progress, workers, owners. Facts of their writer, acks=all."""

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.ids import new_id
from adapters.kafka.appenders import Appenders
from adapters.kafka.kafka_log import MAX_BATCH, KafkaLog
from adapters.kafka.port import AppendFailed, Log, LogUnavailable, NewRecord
from adapters.kafka.position import TP
from adapters.kafka.record import encode_headers, encode_value, type_of
from adapters.kafka.topics import Topic
from domain.envelope import Envelope

MAX_RECORDS: Final = 500
Waiting = deque[tuple[NewRecord, "asyncio.Future[int]"]]


class EventWriter:
    """`source` becomes ce_source. What is written to a partition while its last batch is in flight goes out as one.

    After a failed write the producer is made anew; the caller decides on a repeat.
    """

    def __init__(self, log: Log | str, source: str, connections: int = 1) -> None:
        self._log = KafkaLog(log) if isinstance(log, str) else log
        self._owns_log = isinstance(log, str)
        self._source = source
        self._appenders = Appenders(self._log, connections)
        self._waiting: dict[TP, Waiting] = {}
        self._sending: dict[TP, asyncio.Task[None]] = {}

    async def stop(self) -> None:
        """What was not acknowledged by now stays open."""
        sending = list(self._sending.values())
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        await self._appenders.close()
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
        """Append one event; returns its offset. Raises AppendFailed (outcome open: repeat, readers deduplicate) and
        LogUnavailable. Events of one partition stand in the log in the order of the calls, repeats aside.
        """
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
        tp = (topic.name, partition)
        written: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tp, deque()).append((record, written))
        if tp not in self._sending:
            self._sending[tp] = asyncio.create_task(self._send(tp), name=f"write {tp[0]}/{tp[1]}")
        return await asyncio.shield(written)

    async def _send(self, tp: TP) -> None:
        """Batch after batch until nothing waits."""
        waiting = self._waiting[tp]
        batch: list[tuple[NewRecord, asyncio.Future[int]]] = []
        try:
            while waiting:
                batch = _take(waiting)
                await self._append(tp, batch)
        finally:
            del self._sending[tp], self._waiting[tp]
            for _, written in [*batch, *waiting]:
                if not written.done():
                    _fail(written, AppendFailed("the writer was stopped"))

    async def _append(self, tp: TP, batch: list[tuple[NewRecord, "asyncio.Future[int]"]]) -> None:
        try:
            appender = await self._appenders.get(tp)
        except LogUnavailable as error:
            for _, written in batch:
                _fail(written, error)
            return
        try:
            base = await appender.append(tp, [record for record, _ in batch])
        except AppendFailed as error:
            await self._appenders.discard(appender)
            for _, written in batch:
                _fail(written, error)
            return
        for i, (_, written) in enumerate(batch):
            if not written.done():
                written.set_result(base + i)


def _take(waiting: Waiting) -> list[tuple[NewRecord, "asyncio.Future[int]"]]:
    """The next batch: as many as fit."""
    batch = [waiting.popleft()]
    size = batch[0][0].size()
    while waiting and len(batch) < MAX_RECORDS and (size := size + waiting[0][0].size()) < MAX_BATCH:
        batch.append(waiting.popleft())
    return batch


def _fail(written: "asyncio.Future[int]", error: Exception) -> None:
    """Nobody may be waiting any more: that is no error to be reported."""
    if not written.done():
        written.set_exception(error)
        written.exception()
