"""A log that was cut and grew again is told from the one that was read; what was never valid proves nothing."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.follower import Follower, read
from adapters.kafka.memory import MemoryLog
from adapters.kafka.place import LOOK_BACK, require_place
from adapters.kafka.port import LogTruncated, NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import CLAIM_TYPE, claim_headers, event_headers
from adapters.kafka.replica import Replica
from adapters.kafka.topics import IDENTITY
from domain.identity.decider import IdentityDecider

AT: TP = (IDENTITY.name, 0)


def claim(epoch: int, nonce: str) -> NewRecord:
    return NewRecord(b"owner", b"{}", [("ce_type", CLAIM_TYPE), *claim_headers(epoch, nonce)], 0)


def event(epoch: int, seq: int) -> NewRecord:
    return NewRecord(b"key", b"{}", event_headers(epoch, seq), 0)


def term(epoch: int, nonce: str, events: int) -> list[NewRecord]:
    return [claim(epoch, nonce), *(event(epoch, seq) for seq in range(1, events + 1))]


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
