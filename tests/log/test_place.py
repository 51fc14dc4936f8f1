"""A log that was cut and grew again is told from the one that was read; what was never valid proves nothing."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.kafka.follower import Follower, read
from adapters.kafka.memory import MemoryLog
from adapters.kafka.place import LOOK_BACK, require_place
from adapters.kafka.port import LogTruncated, LogUnavailable, NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import CLAIM_TYPE, claim_headers, event_headers
from adapters.kafka.record import Record
from adapters.kafka.replica import Replica
from adapters.kafka.topics import ACCOUNTS, IDENTITY
from domain.identity.decider import IdentityDecider

AT: TP = (IDENTITY.name, 0)


def claim(epoch: int, nonce: str) -> NewRecord:
    return NewRecord(b"owner", b"{}", [("ce_type", CLAIM_TYPE), *claim_headers(epoch, nonce)], 0)


def event(epoch: int, seq: int) -> NewRecord:
    return NewRecord(b"key", b"{}", event_headers(epoch, seq), 0)


def term(epoch: int, nonce: str, events: int) -> list[NewRecord]:
    return [claim(epoch, nonce), *(event(epoch, seq) for seq in range(1, events + 1))]


class Away(MemoryLog):
    """Nothing of it can be looked up for a while."""

    away = 0

    async def records_at(self, tp: TP, offsets: Sequence[int]) -> list[Record]:
        if self.away > 0:
            self.away -= 1
            raise LogUnavailable("not now")
        return await super().records_at(tp, offsets)


async def log_of(*records: NewRecord) -> MemoryLog:
    log = MemoryLog()
    await log.put(AT, records)
    return log


def places(log: MemoryLog) -> list[Position]:
    """Where a reader stood before each record, and at the end."""
    found = [Position()]
    for record in log.partitions[AT]:
        found.append(read(found[-1], record).after)
    return found


async def cut(log: MemoryLog, end: int, *grown: NewRecord) -> None:
    del log.partitions[AT][end:]
    await log.put(AT, grown)


async def is_there(log: MemoryLog, position: Position) -> bool:
    try:
        await require_place(log, {AT: position})
    except LogTruncated:
        return False
    return True


RECORDS = st.lists(
    st.one_of(
        st.builds(claim, st.integers(1, 4), st.sampled_from("ab")),
        st.builds(event, st.integers(1, 4), st.integers(1, 4)),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(RECORDS)
def test_every_place_that_was_reached_is_there(records: Sequence[NewRecord]) -> None:
    """Whatever void records stand between the valid ones."""

    async def look() -> None:
        log = await log_of(*term(1, "n1", 2), *records, *term(2, "n2", 2))
        for position in places(log):
            assert await is_there(log, position)

    asyncio.run(look())


async def test_a_log_that_went_on_under_the_next_claim_is_another() -> None:
    log = await log_of(*term(1, "n1", 3), *term(2, "n2", 20))
    before = places(log)
    await cut(log, 15, *term(3, "n3", 30))
    assert [await is_there(log, position) for position in before] == [n <= 15 for n in range(len(before))]


async def test_nor_is_one_that_lost_the_claim_and_was_claimed_anew_at_the_same_place() -> None:
    """The epoch and each sequence are as they were: only the nonce is another."""
    log = await log_of(*term(1, "n1", 3), *term(2, "n2", 20))
    before = places(log)
    await cut(log, 4, *term(2, "other", 30))
    assert [await is_there(log, position) for position in before] == [n <= 4 for n in range(len(before))]


async def test_a_place_beyond_the_end_is_not_there() -> None:
    log = await log_of(*term(1, "n1", 9))
    before = places(log)
    await cut(log, 5)
    assert [await is_there(log, position) for position in before] == [n <= 5 for n in range(len(before))]


async def test_a_place_right_behind_the_end_is_told_without_a_read() -> None:
    """Of a broker that would be a read of what is to come: it answers when that has come."""
    log = Away()
    await log.put(AT, term(1, "n1", 9))
    log.away = 1
    assert not await is_there(log, Position(11, 1, "n1", 10))
    assert log.away == 1


async def test_it_is_looked_for_in_a_stretch_and_no_further() -> None:
    log = await log_of(*term(1, "n1", 1), *term(2, "n2", LOOK_BACK + 10))
    stood = places(log)[2]
    await cut(log, 1, *term(2, "n2", LOOK_BACK + 10))
    assert not await is_there(log, Position(LOOK_BACK + 5, stood.epoch, stood.nonce, stood.seq))


async def test_a_reader_that_the_log_grows_past_again_is_told() -> None:
    log = await log_of(*term(1, "n1", 9))
    follower = Follower(log, {AT: Position()})
    await follower.start()
    assert len(await follower.poll(50)) == 10
    await cut(log, 5, *term(2, "n2", 9))
    with pytest.raises(LogTruncated, match="does not lead to"):
        await follower.poll(50)
    await follower.stop()


async def test_a_forged_record_of_a_later_epoch_stops_nobody() -> None:
    log = await log_of(*term(1, "n1", 3), event(9, 1), claim(9, "forged"), event(1, 4))
    follower = Follower(log, {AT: Position()})
    await follower.start()
    assert [entry.kind for entry in await follower.poll(50)] == [
        "claim", "event", "event", "event", "void", "void", "event",
    ]  # fmt: skip
    await follower.stop()


async def test_what_was_read_while_no_place_can_be_looked_up_is_not_lost() -> None:
    log, other = Away(), (ACCOUNTS.name, 1)
    await log.put(AT, term(1, "n1", 1))
    await log.put(other, term(1, "n1", 1))
    follower = Follower(log, {AT: Position(), other: Position()})
    await follower.start()
    assert len(await follower.poll(50)) == 4
    stood = dict(follower.positions)
    log.away = 2
    await log.put(AT, [event(9, 1)])
    await log.put(other, [event(1, 2), event(1, 3)])
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            await follower.poll(50)
        assert follower.positions == stood
        assert not follower.has_passed(await follower.ends())
    await log.put(other, [event(1, 4)])
    seen = [*await follower.poll(50), *await follower.poll(50)]
    assert [(entry.record.topic, entry.kind, entry.after.seq) for entry in seen] == [
        (AT[0], "void", 1), (other[0], "event", 2), (other[0], "event", 3), (other[0], "event", 4),
    ]  # fmt: skip
    assert follower.has_passed(await follower.ends())
    await follower.stop()


async def test_a_cut_is_told_again_to_who_polls_again() -> None:
    log = await log_of(*term(1, "n1", 9))
    follower = Follower(log, {AT: Position()})
    await follower.start()
    await follower.poll(50)
    await cut(log, 5, *term(2, "n2", 9))
    for _ in range(2):
        with pytest.raises(LogTruncated, match="does not lead to"):
            await follower.poll(50)
    await follower.stop()


async def test_a_replica_folds_a_log_anew_that_was_cut() -> None:
    log = await log_of(*term(1, "n1", 9))
    replica = Replica(log, IDENTITY, IdentityDecider())
    await replica.start()
    try:
        assert replica.offset == 10
        await cut(log, 5, *term(2, "n2", 9))
        async with asyncio.timeout(20):
            while replica._fold.position.epoch != 2:
                await asyncio.sleep(0.05)
            await replica.reach(15)
    finally:
        await replica.stop()
