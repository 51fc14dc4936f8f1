"""A member of the group whose connections are half open learns soon that its partitions are others' by now.

Until it does, two healthy processes claim the same partitions against each other, again and again.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from adapters.kafka import topics
from adapters.kafka.membership import Membership
from adapters.kafka.position import TP
from tests.chaos.wire import Wire
from tests.embedded import PORTS
from tests.log.broker import Broker

TOPIC = topics.Topic(topics.ACCOUNTS.name, 4, owned=True)
ALL = frozenset((TOPIC.name, partition) for partition in range(TOPIC.partitions))


async def test_a_member_that_hears_nothing_any_more_takes_part_again(tmp_path: Path) -> None:
    port, behind = PORTS.choose(0), PORTS.choose(0)
    broker, wire = Broker(tmp_path, [("PROXIED", behind, port)]), Wire(port, behind)
    wanted: dict[str, frozenset[TP]] = {}

    def member(name: str, address: str) -> Membership:
        return Membership(address, "group", [TOPIC.name], lambda now: wanted.update({name: now}))

    def are_shared() -> bool:
        return len(wanted) == 2 and 0 < len(wanted["far"]) < len(ALL) and wanted["near"] == ALL - wanted["far"]

    await broker.start()
    await wire.start()
    near, far = member("near", broker.address), member("far", f"127.0.0.1:{port}")
    try:
        await broker.create([TOPIC])
        await near.start()
        await far.start()
        await _until(are_shared)
        assert wire.half_open() > 0
        await _until(lambda: wanted["near"] == ALL)
        await _until(are_shared)
    finally:
        await near.stop()
        await far.stop()
        await wire.stop()
        await broker.stop()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.05)
