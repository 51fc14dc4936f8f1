"""The scheduler beside others in one event loop: they have their turns though its reader always has records at hand."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.kafka.owner import PartitionOwner
from adapters.kafka.port import LogUnavailable
from adapters.kafka.position import TP
from domain.scheduling.plan import MOST
from processors.scheduler import scheduler
from processors.scheduler.scheduler import Scheduler
from tests.domain.given_scheduler import World

CAUGHT_UP, LAST = 20, 40


class AtHand:
    """As `Reading`, of a log whose records are all fetched already: no round waits. It ends at the round `LAST`."""

    def __init__(self, *_: Any) -> None:
        world = World()
        world.now = datetime.now(UTC)
        for number in range(3 * MOST):
            world.requested(f"t{number}", deadline=world.now - timedelta(seconds=1))
        world.state.leases_from = world.now
        self.state, self.rounds = world.state, 0

    @property
    def caught_up(self) -> bool:
        return self.rounds >= CAUGHT_UP

    async def round(self) -> bool:
        self.rounds += 1
        if self.rounds == LAST:
            raise LogUnavailable("the end")
        return True

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ends(self) -> dict[TP, int]:
        return {}

    def positions(self) -> dict[TP, int]:
        return {}


class Owners:
    """Of accounts: they do not answer."""

    asked = 0

    async def send(self, *_: Any) -> None:
        self.asked += 1
        await asyncio.Event().wait()


class Nobody:
    async def write(self, *_: Any, **__: Any) -> None:
        """Nothing: as EventWriter."""


async def test_each_round_lets_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, owners = AtHand(), Owners()
    monkeypatch.setattr(scheduler, "Reading", lambda *_: reading)
    turns = set()

    async def beside() -> None:
        while True:
            turns.add(reading.rounds)
            await asyncio.sleep(0)

    other = asyncio.create_task(beside())
    owner = cast(PartitionOwner, SimpleNamespace(claim=SimpleNamespace(offset=1)))
    with pytest.raises(LogUnavailable, match="the end"):
        await Scheduler(cast(Any, None), cast(Any, owners), cast(Any, Nobody())).lead(owner)
    other.cancel()
    await asyncio.wait([other])
    assert turns >= set(range(1, LAST))
    assert owners.asked == MOST
