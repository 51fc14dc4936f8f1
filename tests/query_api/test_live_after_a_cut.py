"""The live feed goes on when the log was cut: with the partitions that are whole, and with the one that was cut."""

import asyncio
from collections.abc import Callable
from functools import partial

from adapters.kafka import topics
from adapters.kafka.claims import Claim
from adapters.kafka.directory import announce
from adapters.kafka.memory import MemoryLog
from adapters.kafka.position import TP, Position
from adapters.kafka.writer import EventWriter
from query_api.going_on import places_anew
from query_api.live import LiveFeed
from tests.log.test_place import event, term

CUT: TP = (topics.ACCOUNTS.name, 0)
WHOLE: TP = (topics.ACCOUNTS.name, 1)


def _reached(feed: LiveFeed, offsets: dict[TP, int]) -> bool:
    return all(feed.next_offset(tp) == offset for tp, offset in offsets.items())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_partition_that_was_cut_and_grew_stops_no_other_and_goes_on_itself() -> None:
    log = MemoryLog()
    for tp in (CUT, WHOLE):
        await log.put(tp, term(1, "n1", 9))
    feed = LiveFeed(log)
    await feed.start({})
    try:
        await until(partial(_reached, feed, {WHOLE: 10, CUT: 10}))
        del log.partitions[CUT][5:]
        await log.put(CUT, term(2, "n2", 9))
        await log.put(WHOLE, [event(1, 10)])
        await until(partial(_reached, feed, {WHOLE: 11, CUT: 15}))
        assert feed._accounts[CUT] == Position(15, 2, "n2", 9)
        await log.put(CUT, [event(2, 10)])
        await until(lambda: feed._accounts[CUT].seq == 10)
    finally:
        await feed.stop()


async def test_it_starts_where_the_read_models_stand_in_a_log_that_was_cut() -> None:
    """Also beyond its end. They have to be built anew; until then queries are answered from them."""
    log = MemoryLog()
    await log.put(CUT, [*term(1, "n1", 4), *term(2, "n2", 9)])
    await log.put(WHOLE, term(1, "n1", 9))
    for stands in (Position(10, 1, "n1", 9), Position(16, 1, "n1", 15), Position(99, 1, "n1", 98)):
        feed = LiveFeed(log)
        await feed.start({CUT: stands, WHOLE: Position(5, 1, "n1", 4)})
        try:
            assert feed.running
            await until(partial(_reached, feed, {WHOLE: 10, CUT: 15}))
            assert feed._accounts[CUT] == Position(15, 2, "n2", 9)
        finally:
            await feed.stop()


async def test_it_goes_on_from_the_newest_claim_that_the_log_holds() -> None:
    log = MemoryLog()
    writer = EventWriter(log, "lathe/test")
    await log.put(CUT, [*term(1, "n1", 4), *term(2, "n2", 9)])
    lost, held = Position(9, 1, "n1", 8), Position(15, 2, "n2", 9)
    assert await places_anew(log, {CUT: held}) == {}
    assert await places_anew(log, {CUT: lost}) == {CUT: Position()}
    await announce(writer, CUT, Claim(2, "n2", "http://owner", 5))
    assert await places_anew(log, {CUT: lost, WHOLE: Position()}) == {CUT: Position(5, 1)}
    await announce(writer, CUT, Claim(3, "gone", "http://owner", 9))
    assert await places_anew(log, {CUT: lost}) == {CUT: Position()}


async def test_what_was_heard_of_a_log_that_is_gone_is_not_waited_for() -> None:
    log = MemoryLog()
    account = next(one for one in map(str, range(1000)) if topics.account_partition(one) == CUT[1])
    other = next(one for one in map(str, range(1000)) if topics.account_partition(one) == WHOLE[1])
    feed = LiveFeed(log)
    await log.put(CUT, [*term(1, "n1", 4), *term(2, "n2", 9)])
    await log.put(WHOLE, term(1, "n1", 4))
    for known in (feed._heard, feed._told):
        known.update({account: 99, other: 3})
    await feed.start({CUT: Position(10, 1, "n1", 9)})
    try:
        await until(partial(_reached, feed, {CUT: 15}))
        assert (feed.heard(account), feed.told(account), feed.heard(other), feed.told(other)) == (0, 0, 3, 3)
    finally:
        await feed.stop()
