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


def overdue(count: int) -> World:
    """So many tasks whose deadline has passed: their owners are to be told."""
    world = World()
    for number in range(count):
        world.requested(f"t{number}", deadline=world.now)
    return world


def tell(world: World, sending: Sending) -> int:
    """Send of a plan what has room. Returns how much that was."""
    told = [action for action in world.plan() if isinstance(action, CancelTask)][: sending.room]
    for action in told:
        sending.send(action)
    return len(told)


async def settled() -> None:
    """All tasks have come as far as they can: nothing here waits for anything but the owners."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_owners_are_told_of_a_few_hundred_at_once_and_of_more_as_they_answer() -> None:
    world, owners = overdue(2 * MOST), Slow()
    sending = Sending(world.state, cast(PartitionOwner, None), cast(Any, owners))
    try:
        assert tell(world, sending) == MOST
        await settled()
        assert (sending.room, owners.asked) == (0, MOST)
        assert tell(world, sending) == 0
        for _ in range(7):
            owners.answers.release()
        await settled()
        assert tell(world, sending) == 7
        await settled()
        assert owners.asked == MOST + 7
    finally:
        await sending.stop()


async def test_what_has_not_begun_yet_takes_room_until_it_is_over() -> None:
    """Plans may follow each other before anything that was sent has its turn."""
    world, owners = overdue(2 * MOST), Slow()
    sending = Sending(world.state, cast(PartitionOwner, None), cast(Any, owners))
    assert [tell(world, sending) for _ in range(3)] == [MOST, 0, 0]
    assert sending.room == 0
    await sending.stop()
    assert (sending.room, owners.asked) == (MOST, 0)
