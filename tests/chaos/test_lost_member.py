"""A member that its group has forgotten learns it soon, and takes part again.

Until it does, two healthy processes claim the same partitions against each other, again and again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator

from adapters.kafka import topics
from adapters.kafka.membership import Membership
from adapters.kafka.position import TP
from tests.chaos.wire import Wire
from tests.embedded import PORTS
from tests.log.broker import Broker

TOPIC = topics.Topic(topics.ACCOUNTS.name, 4, owned=True)
ALL = frozenset((TOPIC.name, partition) for partition in range(TOPIC.partitions))


class Group:
    """Members of one group, by name, and what each is to own."""

    def __init__(self) -> None:
        self.wanted: dict[str, frozenset[TP]] = {}
        self._members: list[Membership] = []

    async def join(self, name: str, address: str) -> None:
        member = Membership(address, "group", [TOPIC.name], lambda now: self.wanted.update({name: now}), name)
        self._members.append(member)
        await member.start()

    def is_shared(self) -> bool:
        """Whether everybody is to own something, and nobody what is another's."""
        shares = list(self.wanted.values())
        is_everything = frozenset().union(*shares) == ALL and sum(map(len, shares)) == len(ALL)
        return len(shares) == len(self._members) and all(shares) and is_everything

    async def stop(self) -> None:
        for member in self._members:
            await member.stop()


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[tuple[Group, Broker, Wire]]:
    """A group of `near`, and `far`, who reaches the broker through the wire."""
    port, behind = PORTS.choose(0), PORTS.choose(0)
    broker, wire, group = Broker(folder, [("PROXIED", behind, port)]), Wire(port, behind), Group()
    await broker.start()
    await wire.start()
    try:
        await broker.create([TOPIC])
        await group.join("near", broker.address)
        await group.join("far", f"127.0.0.1:{port}")
        await _until(group.is_shared)
        yield group, broker, wire
    finally:
        await group.stop()
        await wire.stop()
        await broker.stop()


async def test_whose_connections_are_half_open(tmp_path: Path) -> None:
    async with pair(tmp_path) as (group, _, wire):
        assert wire.half_open() > 0
        await _until(lambda: group.wanted["near"] == ALL)
        await _until(group.is_shared)


async def test_whose_heartbeats_ended_without_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beat = GroupCoordinator._do_heartbeat
    silent: list[GroupCoordinator] = []

    async def heartbeat(coordinator: GroupCoordinator) -> bool:
        """The first one of `far` never comes back."""
        if not silent and coordinator._group_instance_id == "far":
            silent.append(coordinator)
            await asyncio.Event().wait()
        return bool(await beat(coordinator))

    monkeypatch.setattr(GroupCoordinator, "_do_heartbeat", heartbeat)
    async with pair(tmp_path) as (group, broker, _):
        await _until(lambda: bool(silent))
        await group.join("third", broker.address)
        await _until(group.is_shared)


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.05)
