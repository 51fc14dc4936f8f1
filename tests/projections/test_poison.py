"""Records that cannot be folded are parked, and their stream behind them; all others go on (bad-inputs.md 54-61)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.kafka import topics
from domain.account import events as e
from domain.identity import events as i
from tests.projections.handmade import CREDIT, HandmadeLog, completed, file, requested, sealed, started
from tests.projections.reading import writer_on

OPENED = e.AccountOpened(user_id=1, granted=10 * CREDIT)
GIFT = e.CreditsAdjusted(amount=CREDIT, reason="gift")
Poison = Callable[[HandmadeLog, str], Awaitable[object]]


async def not_json(log: HandmadeLog, key: str) -> None:
    await log.append(key, GIFT, value=b"\xff{")


async def empty(log: HandmadeLog, key: str) -> None:
    await log.append(key, GIFT, value=b"")


async def unknown_type(log: HandmadeLog, key: str) -> None:
    await log.append(key, GIFT, type="lathe.moon.landed.v1")


async def newer_version(log: HandmadeLog, key: str) -> None:
    await log.append(key, GIFT, type="lathe.credits.adjusted.v2")


async def field_missing(log: HandmadeLog, key: str) -> None:
    await log.append(key, GIFT, value=b'{"reason":"gift"}')


async def version_gap(log: HandmadeLog, key: str) -> None:
    await log.append(key, GIFT, stream_version=77)


async def repeated_version(log: HandmadeLog, key: str) -> None:
    await log.append(key, GIFT, stream_version=1)


async def no_version(log: HandmadeLog, key: str) -> None:
    await log.append(key, GIFT, stream_version=None)


async def nul_in_a_text(log: HandmadeLog, key: str) -> None:
    await log.append(key, e.CreditsAdjusted(amount=1, reason="a\x00b"))


async def nul_in_parameters(log: HandmadeLog, key: str) -> None:
    await log.append(key, requested(log.new_id(), params={"a": "\x00"}))


async def beyond_bigint(log: HandmadeLog, key: str) -> None:
    await log.append(key, e.CreditsAdjusted(amount=2**63, reason="too much"))


async def overflowing_sum(log: HandmadeLog, key: str) -> None:
    await log.append(key, e.CreditsAdjusted(amount=2**63 - 1, reason="too much"))


async def task_that_was_never_requested(log: HandmadeLog, key: str) -> None:
    await log.append(key, started(log.new_id()), task_seq=2)


async def task_sequence_missing(log: HandmadeLog, key: str) -> None:
    await log.append(key, requested(log.new_id()), task_seq=None)


async def file_that_is_not_there(log: HandmadeLog, key: str) -> None:
    await log.append(key, e.FileDeleted(file_id="nowhere"))


async def opened_twice(log: HandmadeLog, key: str) -> None:
    await log.append(key, OPENED)


POISONS: list[Poison] = [
    not_json, empty, unknown_type, newer_version, field_missing, version_gap, repeated_version, no_version,
    nul_in_a_text, nul_in_parameters, beyond_bigint, overflowing_sum, task_that_was_never_requested,
    task_sequence_missing, file_that_is_not_there, opened_twice,
]  # fmt: skip


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.__name__)
async def test_poison_parks_its_stream_and_nothing_else(
    connection: Any, by_hand: HandmadeLog, poison: Poison, size: int
) -> None:
    ill, well = by_hand.account_in(4), by_hand.account_in(4)
    for account in (ill, well):
        await by_hand.append(account, OPENED)
        await by_hand.append(account, GIFT)
    await poison(by_hand, ill)
    await by_hand.append(ill, GIFT)
    await by_hand.append(well, GIFT)
    await by_hand.append(ill, e.FileStored(file=file(by_hand.new_id())))
    writer = await writer_on(connection)
    entries = by_hand.entries()
    for start in range(0, len(entries), size):
        await writer.apply(entries[start : start + size])

    balances = dict(await connection.fetch("SELECT account_id, balance FROM accounts"))
    assert balances == {ill: 11 * CREDIT, well: 12 * CREDIT}
    parked = await connection.fetch('SELECT role, key, "offset", why FROM parked_records ORDER BY "offset"')
    assert [(row["role"], row["key"], row["offset"]) for row in parked] == [
        ("poison", ill.encode(), 5),
        ("behind", ill.encode(), 6),
        ("behind", ill.encode(), 8),
    ]
    assert len(parked[0]["why"]) > 8
    assert await connection.fetchval("SELECT count(*) FROM files") == 0
    assert await connection.fetchval("SELECT max(next_offset) FROM projection_offsets") == 9


async def test_records_without_key_or_value_are_parked(connection: Any, by_hand: HandmadeLog) -> None:
    """A tombstone, and a record with a null key, both valid by their headers."""
    tp = ("lathe.accounts", 4)
    ill, well = by_hand.account_in(4), by_hand.account_in(4)
    await by_hand.append(well, OPENED)
    owner = [("ce_ownerepoch", b"1")]
    await by_hand.put(tp, ill.encode(), None, [*owner, ("ce_ownerseq", b"2")])
    await by_hand.put(tp, None, b"{}", [*owner, ("ce_ownerseq", b"3")])
    await by_hand.append(well, GIFT, seq=4)
    await (await writer_on(connection)).apply(by_hand.entries())
    assert await connection.fetchval("SELECT balance FROM accounts") == 11 * CREDIT
    parked = await connection.fetch('SELECT key, why FROM parked_records ORDER BY "offset"')
    assert [row["key"] for row in parked] == [ill.encode(), None]
    assert "tombstone" in parked[0]["why"]


async def test_forged_owner_headers_are_void_not_poison(connection: Any, by_hand: HandmadeLog) -> None:
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED)
    tp = ("lathe.accounts", 0)
    for epoch, seq in ((b"1", b"9"), (b"2", b"2"), (b"0", b"2"), (b"x", b"2"), (b"1", b"-2")):
        await by_hand.put(tp, account.encode(), b"{}", [("ce_ownerepoch", epoch), ("ce_ownerseq", seq)])
    await by_hand.append(account, GIFT)
    await (await writer_on(connection)).apply(by_hand.entries())
    assert await connection.fetchval("SELECT balance FROM accounts") == 11 * CREDIT
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 0


async def test_times_out_of_the_ordinary_are_folded_as_they_are(connection: Any, by_hand: HandmadeLog) -> None:
    account = by_hand.account_in(0)
    times = [by_hand.time.replace(year=1970), by_hand.time.replace(year=9000)]
    await by_hand.append(account, OPENED, time=times[0])
    await by_hand.append(account, GIFT, time=times[1])
    await (await writer_on(connection)).apply(by_hand.entries())
    row = await connection.fetchrow("SELECT opened_at, updated_at FROM accounts")
    assert list(row) == times


async def test_a_parked_stream_stays_parked_after_a_restart(connection: Any, by_hand: HandmadeLog) -> None:
    account = by_hand.account_in(2)
    await by_hand.append(account, OPENED)
    await version_gap(by_hand, account)
    await (await writer_on(connection)).apply(by_hand.entries())
    done = len(by_hand.entries())
    await by_hand.append(account, GIFT)
    await (await writer_on(connection)).apply(by_hand.entries()[done:])
    assert await connection.fetchval("SELECT count(*) FROM parked_records WHERE role = 'behind'") == 1
    assert await connection.fetchval("SELECT balance FROM accounts") == 10 * CREDIT


async def test_poison_among_many_in_one_batch(connection: Any, by_hand: HandmadeLog) -> None:
    """Found by halving: 300 accounts of which 3 hold what only PostgreSQL refuses."""
    accounts = [by_hand.account_in(n % 3) for n in range(300)]
    for account in accounts:
        await by_hand.append(account, OPENED)
    for account in accounts:
        await (nul_in_a_text(by_hand, account) if account in accounts[100:103] else by_hand.append(account, GIFT))
    await (await writer_on(connection)).apply(by_hand.entries())
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 3
    assert await connection.fetchval("SELECT count(*) FROM accounts WHERE balance = $1", 11 * CREDIT) == 297


async def test_streams_of_users_are_parked_by_themselves(connection: Any, by_hand: HandmadeLog) -> None:
    def user(n: int) -> i.UserRegistered:
        return i.UserRegistered(
            user_id=n, account_id=by_hand.account_in(0), username=sealed(f"n{n}"), username_hmac=f"{n}"
        )

    await by_hand.append("1", user(1), topics.IDENTITY)
    await by_hand.append("2", user(3), topics.IDENTITY)
    await by_hand.append("3", user(3), topics.IDENTITY)
    await by_hand.append("2", i.UserDeleted(), topics.IDENTITY)
    await by_hand.append("1", i.UserRoleChanged(role="admin"), topics.IDENTITY)
    await by_hand.append("3", i.UserDeleted(), topics.IDENTITY)
    await (await writer_on(connection)).apply(by_hand.entries())
    rows = await connection.fetch("SELECT user_id, role, status, version FROM users ORDER BY user_id")
    assert [tuple(row) for row in rows] == [(1, "admin", "active", 2), (3, "user", "deleted", 2)]
    assert await connection.fetchval("SELECT count(*) FROM parked_records WHERE key = '2'") == 2


async def test_a_task_of_another_account_cannot_be_changed(connection: Any, by_hand: HandmadeLog) -> None:
    mine, theirs = by_hand.account_in(1), by_hand.account_in(1)
    task = by_hand.new_id(1)
    for account in (mine, theirs):
        await by_hand.append(account, OPENED)
    await by_hand.append(mine, requested(task))
    await by_hand.append(theirs, completed(task, by_hand.new_id()))
    await (await writer_on(connection)).apply(by_hand.entries())
    assert await connection.fetchval("SELECT status FROM tasks") == "queued"
    assert await connection.fetchval("SELECT key FROM parked_records") == theirs.encode()
