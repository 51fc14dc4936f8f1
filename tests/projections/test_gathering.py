"""Batches that are gathered begin with the streams that are parked by then, so each is folded once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from adapters.kafka.follower import Follower
from adapters.kafka.position import Position
from adapters.postgres.read.partitions import PARTITIONS
from domain.account import events as e
from processors.projections.batch import Batch
from processors.projections.gathering import Gathering
from processors.projections.parking import Stream
from tests.projections.handmade import CREDIT, HandmadeLog

OPENED = e.AccountOpened(user_id=1, granted=10 * CREDIT)
GIFT = e.CreditsAdjusted(amount=CREDIT, reason="gift")


@contextlib.asynccontextmanager
async def gathering(log: HandmadeLog, parked: set[Stream]) -> AsyncIterator[Gathering]:
    follower = Follower(log.log, dict.fromkeys(PARTITIONS, Position()))
    await follower.start()
    gathering = Gathering(follower, parked, 1000)
    reading = asyncio.create_task(gathering.run())
    yield gathering
    reading.cancel()
    await asyncio.wait([reading])
    await follower.stop()


async def next_batch(log: HandmadeLog, gathering: Gathering, account: str) -> Batch:
    await log.append(account, GIFT)
    batch = await gathering.take(10)
    while batch is None or not any(entry.kind == "event" for entry in batch.entries):
        batch = await gathering.take(10)
    return batch


async def test_a_stream_that_was_healed_is_parked_no_longer(by_hand: HandmadeLog) -> None:
    account = by_hand.account_in(3)
    parked: set[Stream] = {("lathe.accounts", b"ill")}
    async with gathering(by_hand, parked) as gathered:
        await by_hand.append(account, OPENED)
        assert (await next_batch(by_hand, gathered, account)).assumed == parked
        parked.clear()
        await next_batch(by_hand, gathered, account)  # begun before
        assert (await next_batch(by_hand, gathered, account)).assumed == frozenset()


async def test_a_stream_that_the_database_parked_is_known(by_hand: HandmadeLog) -> None:
    account = by_hand.account_in(3)
    parked: set[Stream] = set()
    async with gathering(by_hand, parked) as gathered:
        await by_hand.append(account, OPENED)
        await next_batch(by_hand, gathered, account)
        parked.add(("lathe.accounts", b"ill"))
        await next_batch(by_hand, gathered, account)  # begun before
        assert (await next_batch(by_hand, gathered, account)).assumed == parked


async def test_what_the_batch_before_parks_is_taken_for_parked(by_hand: HandmadeLog) -> None:
    """It is not written yet when the next one begins."""
    account, ill = by_hand.account_in(3), by_hand.account_in(3)
    parked: set[Stream] = set()
    async with gathering(by_hand, parked) as gathered:
        await by_hand.append(ill, GIFT, value=b"\xff{")
        await by_hand.append(account, OPENED)
        batch = await next_batch(by_hand, gathered, account)
        while ("lathe.accounts", ill.encode()) not in batch.blocked:
            batch = await next_batch(by_hand, gathered, account)
        assert (await next_batch(by_hand, gathered, account)).assumed == {("lathe.accounts", ill.encode())}
