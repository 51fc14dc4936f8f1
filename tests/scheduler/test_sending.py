"""How much the scheduler has under way at once."""

import asyncio
from typing import Any, cast

from adapters.kafka.owner import PartitionOwner
from domain.account.commands import CancelTask
from domain.scheduling.plan import MOST
from processors.scheduler.sending import Sending
from tests.domain.given_scheduler import World


class Slow:
    """Owners of accounts that answer when they are let."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Semaphore(0)

    async def send(self, *_: Any) -> None:
        self.asked += 1
        await self.answers.acquire()


async def test_owners_are_told_of_a_few_hundred_at_once_and_of_more_as_they_answer() -> None:
    world, owners = World(), Slow()
    for number in range(2 * MOST):
        world.requested(f"t{number}", deadline=world.now)
    sending = Sending(world.state, cast(PartitionOwner, None), cast(Any, owners))

    async def tell() -> int:
        told = [action for action in world.plan() if isinstance(action, CancelTask)][: sending.room]
        for action in told:
            sending.send(action)
        await asyncio.sleep(0.05)
        return len(told)

    try:
        assert await tell() == MOST
        assert (sending.room, owners.asked) == (0, MOST)
        assert await tell() == 0
        for _ in range(7):
            owners.answers.release()
        await asyncio.sleep(0.05)
        assert await tell() == 7
        assert owners.asked == MOST + 7
    finally:
        await sending.stop()
