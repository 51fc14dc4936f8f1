"""Which producer appends to which partition, and what ends with it."""

import pytest

from adapters.kafka.appenders import Appenders
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import AppendFailed, NewRecord

RECORDS = [NewRecord(b"key", b"value", [], 0)]


async def test_the_partitions_share_the_connections_there_are() -> None:
    appenders = Appenders(MemoryLog(), connections=3)
    served = [await appenders.get(("topic", partition)) for partition in range(6)]
    assert len(set(map(id, served))) == 3
    assert served[:3] == served[3:]


async def test_by_default_all_goes_over_one() -> None:
    appenders = Appenders(MemoryLog())
    assert await appenders.get(("topic", 0)) is await appenders.get(("topic", 5))


async def test_a_failed_one_is_replaced_and_the_others_go_on() -> None:
    appenders = Appenders(MemoryLog(), connections=2)
    failed, other = await appenders.get(("topic", 0)), await appenders.get(("topic", 1))
    await appenders.discard(failed)
    with pytest.raises(AppendFailed):
        await failed.append(("topic", 2), RECORDS)
    assert await appenders.get(("topic", 1)) is other
    assert await appenders.get(("topic", 2)) is not failed
    await appenders.close()
    with pytest.raises(AppendFailed):
        await other.append(("topic", 1), RECORDS)
