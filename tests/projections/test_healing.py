"""Parked streams end by an operator's order: in the order of the stream, once, whatever happens meanwhile."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from adapters.kafka import topics
from adapters.kafka.record import decode
from adapters.postgres.dead_letters import DeadLetterOrders, Place, place_of
from adapters.postgres.engine import make_pool
from adapters.postgres.read.tables import SCHEMA
from domain.account import events as e
from domain.catalog import events as c
from domain.errors import NotFound, NotInState
from domain.identity import events as i
from processors.projections import healing, offsets
from processors.projections.accounts import AccountRows
from processors.projections.orders import Orders
from processors.projections.port import Fact, Unfoldable
from processors.projections.projector import Projector
from tests.projections.handmade import CREDIT, HandmadeLog, requested, sealed, started
from tests.projections.reading import expected, fold, read_accounts, writer_on
from tests.projections.test_projector import running, until

OPENED = e.AccountOpened(user_id=1, granted=10 * CREDIT)
ACCOUNTS = topics.ACCOUNTS.name


@pytest.fixture
async def orders(connection: Any, read_database: str) -> AsyncIterator[DeadLetterOrders]:
    pool = await make_pool(read_database, size=2)
    yield DeadLetterOrders(pool)
    await pool.close()


class Illness:
    """A fault of our code: adjustments for the reason `ill` cannot be folded until it is cured."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cured = False
        whole = AccountRows.fold

        def fold(rows: AccountRows, fact: Fact) -> None:
            if not self.cured and isinstance(fact.event, e.CreditsAdjusted) and fact.event.reason == "ill":
                raise Unfoldable("this code is ill")
            whole(rows, fact)

        monkeypatch.setattr(AccountRows, "fold", fold)


@pytest.fixture
def illness(monkeypatch: pytest.MonkeyPatch) -> Illness:
    return Illness(monkeypatch)


async def adjust(log: HandmadeLog, account: str, reason: str, amount: int = 1) -> None:
    await log.append(account, e.CreditsAdjusted(amount=amount, reason=reason))


async def carry_out(connection: Any) -> None:
    """What the projector does between two batches."""
    await Orders(connection, await writer_on(connection)).carry_out()


async def decided(connection: Any, *offsets: int, partition: int = 3) -> None:
    """Skips that were carried out in other models, before a restore or while these were being built."""
    await connection.executemany(
        'INSERT INTO ops.dead_letter_orders (topic, partition, "offset", action, actor, done_at, outcome) '
        "VALUES ($1, $2, $3, 'skip', 'user/boss', now(), 'skipped')",
        [(ACCOUNTS, partition, offset) for offset in offsets],
    )


async def outcome(connection: Any) -> tuple[Any, ...]:
    """Of the last order."""
    row = await connection.fetchrow("SELECT * FROM ops.dead_letter_orders ORDER BY order_id DESC LIMIT 1")
    return row["outcome"], row["folded"], row["left"], row["why"]


async def test_a_poison_record_heals_in_order(
    connection: Any, by_hand: HandmadeLog, identify: Any, read_database: str, orders: DeadLetterOrders, illness: Illness
) -> None:
    """The projector runs all the time; what comes after the retry is folded as ever."""
    ill, well = by_hand.account_in(3), by_hand.account_in(3)
    for account in (ill, well):
        await by_hand.append(account, OPENED)
    await adjust(by_hand, ill, "ill")
    task = by_hand.new_id(3)
    await by_hand.append(ill, requested(task))
    await by_hand.append(ill, started(task))
    await adjust(by_hand, well, "gift")
    async with running(Projector(by_hand.log, identify, read_database, SCHEMA)):
        await until(connection, "SELECT count(*) FROM parked_records", 3)
        assert await connection.fetchval("SELECT count(*) FROM tasks") == 0
        first = Place(ACCOUNTS, 3, 3)
        await orders.place(first, "retry", "user/operator")
        await until(connection, "SELECT count(*) FROM ops.dead_letter_orders WHERE done_at IS NOT NULL", 1)
        assert await outcome(connection) == ("failed", 0, 3, "this code is ill")
        assert await connection.fetchval("SELECT count(*) FROM parked_records") == 3
        illness.cured = True
        await orders.place(Place(ACCOUNTS, 3, 5), "retry", "user/operator")  # any record of the stream will do
        await until(connection, "SELECT count(*) FROM parked_records", 0)
        assert await outcome(connection) == ("folded", 3, 0, None)
        await adjust(by_hand, ill, "after")
        await until(connection, f"SELECT version FROM accounts WHERE account_id = '{ill}'", 5)
    assert await read_accounts(connection) == expected(fold(by_hand.entries()))
    assert [row["seq"] for row in await connection.fetch("SELECT seq FROM task_events ORDER BY seq")] == [1, 2]


async def test_a_skipped_record_is_left_out_and_the_rest_goes_on(
    connection: Any, by_hand: HandmadeLog, orders: DeadLetterOrders, illness: Illness
) -> None:
    account, task = by_hand.account_in(0), by_hand.new_id(0)
    await by_hand.append(account, OPENED)
    await adjust(by_hand, account, "ill", 100)
    await adjust(by_hand, account, "gift", 5)
    await by_hand.append(account, requested(task))
    await by_hand.append(account, started(task), value=b"{")
    await by_hand.append(account, e.TaskRetried(task_id=task, attempt=2, reason="lease-expired"))
    writer = await writer_on(connection)
    await writer.apply(by_hand.entries())
    with pytest.raises(NotInState, match="waits behind"):
        await orders.place(Place(ACCOUNTS, 0, 3), "skip", "user/operator")
    await orders.place(Place(ACCOUNTS, 0, 2), "skip", "user/operator")
    await carry_out(connection)
    assert (await outcome(connection))[:3] == ("skipped", 2, 2)
    assert await connection.fetchval("SELECT balance FROM accounts") == 9 * CREDIT + 5
    # The next one that cannot be folded is the event of a task: its sequence goes on too.
    await orders.place(Place(ACCOUNTS, 0, 5), "skip", "user/operator")
    await carry_out(connection)
    assert await outcome(connection) == ("skipped", 1, 0, None)
    row = await connection.fetchrow("SELECT status, seq, attempt FROM tasks")
    assert (row["status"], row["seq"], row["attempt"]) == ("queued", 3, 2)
    later = await writer_on(connection)
    await adjust(by_hand, account, "after", 1)
    await later.apply(by_hand.entries()[-1:])
    assert await connection.fetchval("SELECT balance FROM accounts") == 9 * CREDIT + 6
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 0


async def test_a_gap_is_closed_by_skipping(connection: Any, by_hand: HandmadeLog, orders: DeadLetterOrders) -> None:
    """Each record takes one place in its stream, whatever its header says."""
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED)
    await by_hand.append(account, e.CreditsAdjusted(amount=1, reason="gap"), stream_version=77)
    await adjust(by_hand, account, "gift")
    await (await writer_on(connection)).apply(by_hand.entries())
    await orders.place(Place(ACCOUNTS, 0, 2), "skip", "user/operator")
    await carry_out(connection)
    assert await outcome(connection) == ("skipped", 1, 0, None)
    assert await connection.fetchval("SELECT version FROM accounts") == 3


async def test_users_and_models_heal_too(connection: Any, by_hand: HandmadeLog, orders: DeadLetterOrders) -> None:
    user = i.UserRegistered(user_id=7, account_id="a", username=sealed("ann"), username_hmac="00")
    await by_hand.append("7", user, topics.IDENTITY)
    await by_hand.append("7", i.UserDisabled(reason="x"), topics.IDENTITY, value=b"{")
    await by_hand.append("7", i.UserRoleChanged(role="operator"), topics.IDENTITY)
    model = c.ModelPublished(model="m", version="1", title="M", kinds=("text",), params_schema={}, price=1,
                             typical_seconds=1.0)  # fmt: skip
    await by_hand.append("model/m", model, topics.CATALOG)
    await by_hand.append("model/m", c.ModelRepriced(model="m", price=2), topics.CATALOG, type="lathe.moon.v1")
    await by_hand.append("model/m", c.ModelRepriced(model="m", price=3), topics.CATALOG)
    await (await writer_on(connection)).apply(by_hand.entries())
    for name in (topics.IDENTITY.name, topics.CATALOG.name):
        await orders.place(Place(name, 0, 2), "skip", "user/operator")
    await carry_out(connection)
    assert await connection.fetchval("SELECT role FROM users") == "operator"
    assert await connection.fetchval("SELECT price FROM models") == 3
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 0


async def test_a_record_without_a_key_can_only_be_skipped(
    connection: Any, by_hand: HandmadeLog, orders: DeadLetterOrders
) -> None:
    await by_hand.append(by_hand.account_in(4), OPENED)
    await by_hand.put((ACCOUNTS, 4), None, b"{}", [("ce_ownerepoch", b"1"), ("ce_ownerseq", b"2")])
    await (await writer_on(connection)).apply(by_hand.entries())
    await orders.place(Place(ACCOUNTS, 4, 2), "retry", "user/operator")
    await carry_out(connection)
    assert (await outcome(connection))[:3] == ("failed", 0, 1)
    await orders.place(Place(ACCOUNTS, 4, 2), "skip", "user/operator")
    await carry_out(connection)
    assert await outcome(connection) == ("skipped", 0, 0, None)


@pytest.mark.parametrize("chunk", [1, 3, 500])
async def test_many_records_heal_up_to_the_next_poison(
    connection: Any,
    by_hand: HandmadeLog,
    orders: DeadLetterOrders,
    illness: Illness,
    monkeypatch: pytest.MonkeyPatch,
    chunk: int,
) -> None:
    """The second poison shows only in the database: a file that is not there."""
    monkeypatch.setattr(healing, "CHUNK", chunk)
    account = by_hand.account_in(1)
    await by_hand.append(account, OPENED)
    await adjust(by_hand, account, "ill")
    for _ in range(7):
        await adjust(by_hand, account, "gift")
    await by_hand.append(account, e.FileDeleted(file_id="nowhere"))
    for _ in range(4):
        await adjust(by_hand, account, "gift")
    await (await writer_on(connection)).apply(by_hand.entries())
    illness.cured = True
    await orders.place(Place(ACCOUNTS, 1, 2), "retry", "user/operator")
    await carry_out(connection)
    told = await outcome(connection)
    assert told[:3] == ("folded", 8, 5)
    assert "nowhere" in told[3]
    assert await connection.fetchval("SELECT version FROM accounts") == 9
    parked = await connection.fetch('SELECT role, why FROM parked_records ORDER BY "offset"')
    assert [row["role"] for row in parked] == ["poison"] + ["behind"] * 4
    assert "nowhere" in parked[0]["why"]


async def test_an_order_is_done_once_and_open_ones_are_repeatable(
    connection: Any, by_hand: HandmadeLog, orders: DeadLetterOrders, illness: Illness
) -> None:
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED)
    await adjust(by_hand, account, "ill")
    await (await writer_on(connection)).apply(by_hand.entries())
    place = place_of("lathe.accounts:0@2")
    one, again = await orders.place(place, "retry", "user/a"), await orders.place(place, "retry", "user/b")
    assert (one.order_id, one.actor) == (again.order_id, again.actor)
    with pytest.raises(NotInState, match="ordered already"):
        await orders.place(place, "skip", "user/a")
    illness.cured = True
    await carry_out(connection)
    await carry_out(connection)
    assert await connection.fetchval("SELECT version FROM accounts") == 2
    assert await connection.fetchval("SELECT count(*) FROM ops.dead_letter_orders WHERE done_at IS NULL") == 0
    for missing in ("lathe.accounts:0@2", "lathe.accounts:0@99", "lathe.nothing:0@1"):
        with pytest.raises(NotFound):
            await orders.place(place_of(missing), "retry", "user/a")
    for senseless in ("", "lathe.accounts", "lathe.accounts:x@1", "lathe.accounts:1@1;", "../x:1@1"):
        with pytest.raises(NotFound):
            place_of(senseless)


async def test_an_order_stays_open_when_the_projector_was_superseded(
    connection: Any, by_hand: HandmadeLog, orders: DeadLetterOrders, illness: Illness
) -> None:
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED)
    await adjust(by_hand, account, "ill")
    stale = await writer_on(connection)
    await (await writer_on(connection)).apply(by_hand.entries())
    await orders.place(Place(ACCOUNTS, 0, 2), "retry", "user/a")
    illness.cured = True
    with pytest.raises(offsets.Superseded):
        await Orders(connection, stale).carry_out()
    assert await connection.fetchval("SELECT version FROM accounts") == 1
    await carry_out(connection)
    assert await connection.fetchval("SELECT version FROM accounts") == 2


async def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    connection: Any,
    by_hand: HandmadeLog,
    orders: DeadLetterOrders,
    illness: Illness,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED)
    await adjust(by_hand, account, "ill")
    await (await writer_on(connection)).apply(by_hand.entries())
    await orders.place(Place(ACCOUNTS, 0, 2), "retry", "user/a")
    illness.cured = True

    async def lost(connection: Any, stream: healing.Stream) -> int:
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    with monkeypatch.context() as broken:
        broken.setattr(healing, "_count", lost)
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await carry_out(connection)
    assert await connection.fetchval("SELECT version FROM accounts") == 1
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 1
    await carry_out(connection)
    assert await outcome(connection) == ("folded", 1, 0, None)


async def test_what_is_parked_is_the_record_as_it_was(connection: Any, by_hand: HandmadeLog, illness: Illness) -> None:
    account = by_hand.account_in(0)
    await by_hand.append(account, OPENED)
    await adjust(by_hand, account, "ill")
    await (await writer_on(connection)).apply(by_hand.entries())
    (record,) = await healing._parked(connection, healing.Stream(ACCOUNTS, 0, account.encode()), 10)
    assert decode(record) == by_hand.entries()[-1].decoded


async def test_what_was_left_out_before_is_left_out_again(
    connection: Any, by_hand: HandmadeLog, identify: Any, read_database: str, illness: Illness
) -> None:
    """Read models that are folded anew, as after a restore, and records that follow while it runs."""
    account = by_hand.account_in(3)
    await by_hand.append(account, OPENED)
    for reason in ("ill", "gift", "ill", "gift"):
        await adjust(by_hand, account, reason)
    await decided(connection, 2, 4, 6)
    projector = Projector(by_hand.log, identify, read_database, SCHEMA)
    async with running(projector):
        await until(connection, "SELECT balance FROM accounts", 10 * CREDIT + 2)
        for reason in ("ill", "gift"):
            await adjust(by_hand, account, reason)
        await until(connection, "SELECT balance FROM accounts", 10 * CREDIT + 3)
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 0


async def test_what_was_parked_before_the_skip_is_left_out_when_a_term_begins(
    connection: Any, by_hand: HandmadeLog, identify: Any, read_database: str, illness: Illness
) -> None:
    """Models that were being built when the order was carried out in those that served."""
    account = by_hand.account_in(3)
    await by_hand.append(account, OPENED)
    for reason in ("ill", "gift"):
        await adjust(by_hand, account, reason)
    await (await writer_on(connection)).apply(by_hand.entries())
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 2
    await decided(connection, 2)
    async with running(Projector(by_hand.log, identify, read_database, SCHEMA)):
        await until(connection, "SELECT balance FROM accounts", 10 * CREDIT + 1)
        await adjust(by_hand, account, "gift")
        await until(connection, "SELECT balance FROM accounts", 10 * CREDIT + 2)
