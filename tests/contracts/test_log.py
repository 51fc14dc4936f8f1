"""What every log does: the real broker and the one in memory must agree."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from adapters.ids import new_id
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import AppendFailed, Log, LogTruncated, NewRecord, Reader
from adapters.kafka.position import TP
from adapters.kafka.record import Record


def records(*values: str) -> list[NewRecord]:
    return [
        NewRecord(b"key", value.encode(), [("name", b"h\xc3\xa9"), ("empty", b"")], 1_700_000_000_000)
        for value in values
    ]


async def read(reader: Reader, count: int) -> list[Record]:
    found: list[Record] = []
    while len(found) < count:
        found += await reader.poll(1000, 100)
    return found


@pytest.fixture(params=["memory", "kafka"])
def broker(request: pytest.FixtureRequest) -> str | None:
    """Bootstrap servers; None: the log in memory."""
    return request.getfixturevalue("kafka_url") if request.param == "kafka" else None


@pytest.fixture
async def log_and_topic(broker: str | None) -> AsyncIterator[tuple[Log, str]]:
    """A log with a new topic of two partitions."""
    topic = f"contract-{new_id()}"
    if broker is None:
        yield MemoryLog(), topic
        return
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 2, 1)])
    await admin.close()
    log = KafkaLog(broker)
    yield log, topic
    await log.close()


@pytest.fixture
def log(log_and_topic: tuple[Log, str]) -> Log:
    return log_and_topic[0]


@pytest.fixture
def tp(log_and_topic: tuple[Log, str]) -> TP:
    return (log_and_topic[1], 0)


async def test_what_was_appended_is_read_as_it_was(log: Log, tp: TP) -> None:
    appender = await log.appender()
    assert await appender.append(tp, records("a", "b")) == 0
    assert await appender.append(tp, records("c")) == 2
    reader = await log.reader({tp: 0})
    found = await read(reader, 3)
    assert [(r.offset, r.value) for r in found] == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert found[0].headers == (("name", b"h\xc3\xa9"), ("empty", b""))
    assert (found[0].key, found[0].timestamp) == (b"key", 1_700_000_000_000)
    await reader.close()
    await appender.discard()


async def test_a_reader_starts_where_it_is_told_and_waits_for_more(log: Log, tp: TP) -> None:
    appender = await log.appender()
    await appender.append(tp, records("a", "b"))
    reader = await log.reader({tp: 1})
    assert [r.value for r in await read(reader, 1)] == [b"b"]
    assert await reader.poll(50, 100) == []
    waiting = asyncio.create_task(read(reader, 1))
    await appender.append(tp, records("c"))
    assert [r.value for r in await waiting] == [b"c"]
    await reader.close()
    await appender.discard()


async def test_partitions_are_independent_and_each_in_order(log: Log, tp: TP) -> None:
    other = (tp[0], 1)
    appender = await log.appender()
    await asyncio.gather(*(appender.append(at, records(f"{at[1]}-{i}")) for i in range(20) for at in (tp, other)))
    assert await log.ends([tp, other]) == {tp: 20, other: 20}
    assert await log.beginnings([tp, other]) == {tp: 0, other: 0}
    reader = await log.reader({tp: 0, other: 0})
    found = await read(reader, 40)
    for at in (tp, other):
        assert [r.offset for r in found if r.partition == at[1]] == list(range(20))
    await reader.close()
    await appender.discard()


async def test_rival_appenders_share_one_order(log: Log, tp: TP) -> None:
    first, second = await log.appender(), await log.appender()
    offsets = [await appender.append(tp, records("x")) for appender in (first, second, first, second)]
    assert offsets == [0, 1, 2, 3]
    await first.discard()
    await second.discard()


async def test_a_discarded_appender_is_of_no_more_use(log: Log, tp: TP) -> None:
    appender = await log.appender()
    await appender.append(tp, records("a"))
    await appender.discard()
    await appender.discard()
    with pytest.raises(AppendFailed):
        await appender.append(tp, records("b"))
    assert (await log.ends([tp]))[tp] == 1


async def test_an_offset_that_the_log_never_had_is_told(log: Log, tp: TP) -> None:
    with pytest.raises(LogTruncated):
        await read_from(log, tp, 7)


async def read_from(log: Log, tp: TP, offset: int) -> None:
    reader = await log.reader({tp: offset})
    try:
        await reader.poll(2000, 10)
    finally:
        await reader.close()


async def test_where_a_time_begins(log: Log, tp: TP) -> None:
    appender = await log.appender()
    for time in (1_000, 2_000, 3_000):
        await appender.append(tp, [NewRecord(b"key", b"{}", [], time)])
    assert await log.offsets_at([tp], -1) == {tp: 0}, "before 1970"
    assert await log.offsets_at([tp], 0) == {tp: 0}
    assert await log.offsets_at([tp], 2_000) == {tp: 1}
    assert await log.offsets_at([tp], 2_001) == {tp: 2}
    assert await log.offsets_at([tp, (tp[0], 1)], 3_001) == {tp: 3, (tp[0], 1): 0}
    await appender.discard()


async def test_single_records_are_read_again(log: Log, tp: TP) -> None:
    appender = await log.appender()
    for first in range(0, 600, 200):
        await appender.append(tp, records(*(str(number) for number in range(first, first + 200))))
    for wanted in ([0], [599], [7, 450, 8], [3, 3], list(range(195, 205))):
        found = await log.records_at(tp, wanted)
        assert [record.offset for record in found] == sorted(set(wanted))
        assert [record.value for record in found] == [str(offset).encode() for offset in sorted(set(wanted))]
    assert found[0].by_name == {"name": b"h\xc3\xa9", "empty": b""}
    both = await asyncio.gather(log.records_at(tp, [5]), log.records_at(tp, [300]))
    assert [[record.offset for record in some] for some in both] == [[5], [300]]
    with pytest.raises(LogTruncated):
        await log.records_at(tp, [100_000])
    await appender.discard()
