"""Facts of one writer: batches while one is in flight, in order, and what a failure means."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.kafka.memory import MemoryAppender, MemoryLog
from adapters.kafka.port import AppendFailed, NewRecord
from adapters.kafka.position import TP
from adapters.kafka.topics import PROGRESS
from adapters.kafka.writer import EventWriter
from domain.runs.events import RunProgressed


class SlowLog(MemoryLog):
    """Appends wait for `gate`; `batches` are their sizes. While `broken`, they fail after they were made."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.batches: list[int] = []
        self.broken = False

    async def appender(self) -> MemoryAppender:
        return SlowAppender(self)


class SlowAppender(MemoryAppender):
    def __init__(self, log: SlowLog) -> None:
        super().__init__(log)
        self._slow = log

    async def append(self, tp: TP, records: Sequence[NewRecord]) -> int:
        self._slow.batches.append(len(records))
        await self._slow.gate.wait()
        if self._slow.broken:
            raise AppendFailed("no good ack")
        return await super().append(tp, records)


async def write(writer: EventWriter, number: int, partition: int = 0) -> int:
    event = RunProgressed(task_id=f"t{number}", attempt=1, fraction=0.0, stage="shape")
    return await writer.write(PROGRESS, partition, "ann", event, subject="t", actor="test", correlation_id="c")


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_while_a_batch_is_in_flight_goes_out_as_one_in_order() -> None:
    log = SlowLog()
    writer = EventWriter(log, "test")
    writing = []
    for number in range(4):
        writing.append(asyncio.create_task(write(writer, number)))
        await settled()
    other = asyncio.create_task(write(writer, 9, partition=1))
    await settled()
    log.gate.set()
    assert await asyncio.gather(*writing) == [0, 1, 2, 3]
    assert await other == 0
    assert sorted(log.batches) == [1, 1, 3]
    told = [record.value or b"" for record in log.partitions[PROGRESS.name, 0]]
    assert [b'"t%d"' % n in value for n, value in enumerate(told)] == [True] * 4
    await writer.stop()


async def test_a_failed_batch_fails_for_all_in_it_and_the_next_one_has_a_new_producer() -> None:
    log = SlowLog()
    writer = EventWriter(log, "test")
    log.broken = True
    writing = [asyncio.create_task(write(writer, number)) for number in range(3)]
    await settled()
    log.gate.set()
    for task in writing:
        with pytest.raises(AppendFailed):
            await task
    log.broken = False
    assert await write(writer, 4) == 0
    await writer.stop()


async def test_who_waits_when_it_stops_is_told_that_the_outcome_is_open() -> None:
    log = SlowLog()
    writer = EventWriter(log, "test")
    writing = [asyncio.create_task(write(writer, number)) for number in range(2)]
    await settled()
    await writer.stop()
    for task in writing:
        with pytest.raises(AppendFailed):
            await task
