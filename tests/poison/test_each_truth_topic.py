"""A poison record in each truth topic: its stream waits, the rest goes on, and it ends well.

Users, models and accounts are what the read models are folded from: their streams are parked, and `retry` heals them in
order once the code can read the record. Runs and assignments have no read models, and their streams are short: what a
worker said and nobody can read is as if it had said nothing, so its lease ends and the attempt is made again; a worker
whose assignments cannot be read gets no more of them, and others do.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from adapters.kafka import record, topics
from adapters.kafka.claims import claim_record
from adapters.kafka.port import NewRecord
from adapters.kafka.readrule import event_headers
from adapters.kafka.record import Record, known_types
from adapters.postgres.dead_letters import DeadLetterOrders, Place
from adapters.postgres.engine import make_pool
from adapters.postgres.read.tables import SCHEMA
from domain.account import events as a
from domain.account.events import TaskCompleted
from domain.catalog import events as c
from domain.identity import events as i
from domain.registry import EVENTS
from domain.scheduling import leases, plan, state
from domain.scheduling.events import RunAssigned
from domain.upcasting import UPCASTERS
from processors.projections import healing, leadership
from processors.projections.orders import Orders
from tests.projections.handmade import CREDIT, HandmadeLog, sealed
from tests.projections.reading import writer_on
from tests.scheduler.floor import Floor

LATER = "lathe.later.v1"
"""An event that only the next release knows."""
MODEL = c.ModelPublished(
    model="m", version="1", title="M", kinds=("text",), params_schema={}, price=1, typical_seconds=1.0
)
SHORT = timedelta(seconds=2)


class Case(msgspec.Struct, frozen=True):
    """A stream's first event, one that cannot be read yet, and one behind it; `asked` tells what they came to."""

    topic: topics.Topic
    key: str
    first: Any
    poison: Any
    behind: Any
    asked: str
    waiting: Any
    healed: Any
    other: tuple[str, Any]
    """Another stream's key, and its first event."""


ACCOUNT = "01a1fd70-f1c2-7003-95db-96ca83825829"
NEIGHBOUR = "01a1fd70-f1c2-7003-95db-96ca83825830"
CASES = (
    Case(
        topics.IDENTITY, "7", i.UserRegistered(user_id=7, account_id="a", username=sealed("ann"), username_hmac="1"),
        i.UserRoleChanged(role="operator"), i.UserDisabled(reason="x"),
        "SELECT role || '/' || status FROM users WHERE user_id = 7", "user/active", "operator/disabled",
        ("8", i.UserRegistered(user_id=8, account_id="b", username=sealed("bob"), username_hmac="2")),
    ),
    Case(
        topics.CATALOG, "model/m", MODEL, c.ModelRepriced(model="m", price=2), c.ModelRepriced(model="m", price=3),
        "SELECT price FROM models WHERE model = 'm'", 1, 3,
        ("model/n", msgspec.structs.replace(MODEL, model="n")),
    ),
    Case(
        topics.ACCOUNTS, ACCOUNT, a.AccountOpened(user_id=1, granted=CREDIT),
        a.CreditsAdjusted(amount=5, reason="first"), a.CreditsAdjusted(amount=-7, reason="second"),
        f"SELECT string_agg(COALESCE(reason, kind), '/' ORDER BY version) FROM ledger WHERE account_id = '{ACCOUNT}'",
        "sign-up", "sign-up/first/second",
        (NEIGHBOUR, a.AccountOpened(user_id=2, granted=CREDIT)),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def url(fresh_read_models: Callable[[], str]) -> str:
    return fresh_read_models()


@pytest.fixture
async def connection(url: str) -> AsyncIterator[Any]:
    connection = await leadership.connect(url, SCHEMA)
    yield connection
    await connection.close()


async def retried(url: str, connection: Any, place: Place) -> tuple[str, int, int]:
    """`lathe ops deadletters retry`, and what the projector makes of it: (outcome, folded, left)."""
    pool = await make_pool(url, size=1)
    try:
        order = await DeadLetterOrders(pool).place(place, "retry", "operator/ada")
        await Orders(connection, await writer_on(connection)).carry_out()
        row = await pool.fetchrow("SELECT * FROM ops.dead_letter_orders WHERE order_id = $1", order.order_id)
        return row["outcome"], row["folded"], row["left"]
    finally:
        await pool.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.topic.name)
async def test_of_users_models_and_accounts(
    case: Case, url: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = HandmadeLog()
    await by_hand.append(case.key, case.first, case.topic)
    tp = (case.topic.name, 0 if case.topic.partitions == 1 else topics.account_partition(case.key))
    place = Place(*tp, len(by_hand.log.partitions[tp]))
    await by_hand.append(case.key, case.poison, case.topic, type=LATER)
    await by_hand.append(case.other[0], case.other[1], case.topic)
    await by_hand.append(case.key, case.behind, case.topic)
    await (await writer_on(connection)).apply(by_hand.entries())

    assert await connection.fetchval(case.asked) == case.waiting
    parked = await connection.fetch('SELECT "offset", role FROM parked_records WHERE topic = $1 ORDER BY 1', tp[0])
    last = len(by_hand.log.partitions[tp]) - 1
    assert [tuple(row) for row in parked] == [(place.offset, "poison"), (last, "behind")]
    columns = {topics.IDENTITY: "users", topics.CATALOG: "models", topics.ACCOUNTS: "accounts"}
    assert await connection.fetchval(f"SELECT count(*) FROM {columns[case.topic]}") == 2, "its neighbour goes on"

    assert await retried(url, connection, place) == ("failed", 0, 2)
    assert await connection.fetchval(case.asked) == case.waiting
    known = known_types({**EVENTS, LATER: type(case.poison)}, UPCASTERS)

    def decode(found: Record) -> Any:
        return record.decode(found, known)

    monkeypatch.setattr(healing, "decode", decode)  # the next release is deployed
    assert await retried(url, connection, place) == ("folded", 2, 0)
    assert await connection.fetchval(case.asked) == case.healed
    assert await connection.fetchval("SELECT count(*) FROM parked_records WHERE topic = $1", tp[0]) == 0


@pytest.fixture
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LEASE", SHORT)
    monkeypatch.setattr(leases, "LEASE", SHORT)
    monkeypatch.setattr(plan, "FRESH", SHORT / 2)


async def test_of_runs(short_leases: None) -> None:
    """A report that nobody can read counts as silence; other runs of the same partition go on."""
    async with Floor().accounts() as floor:
        account = await floor.account()
        async with floor.scheduler(), floor.beating("w1"):
            task = await floor.request(account)
            (run,) = await floor.until(RunAssigned, task_id=task)
            await floor.start_run(run)
            tp = (topics.RUNS.name, topics.account_partition(account))
            poison = floor.broken()
            await floor.log.put(tp, [NewRecord(account.encode(), poison.value, poison.headers, 0)])
            other = await floor.request(account)
        async with floor.scheduler(), floor.beating("w2"):  # w1 is heard no more: its lease ends
            await floor.until(RunAssigned, task_id=task, attempt=2)
            done: list[RunAssigned] = []
            async with asyncio.timeout(60):
                while {r.task_id for r in floor.events(TaskCompleted)} != {task, other}:
                    for one in floor.events(RunAssigned):
                        if one.worker_id == "w2" and one not in done:
                            done.append(one)
                            await floor.start_run(one)
                            await floor.finish_run(one)
                    await asyncio.sleep(0.02)


async def test_of_assignments() -> None:
    """A worker whose stream cannot be read gets nothing any more; another one gets its turn."""
    async with Floor().accounts() as floor:
        tp = (topics.ASSIGNMENTS.name, 0)
        await floor.log.put(tp, [claim_record(tp, 1, "nonce-1", "http://before")])
        poison = floor.broken()
        headers = [("ce_streamversion", b"1"), *event_headers(1, 1)]
        await floor.log.put(tp, [NewRecord(b"w1", poison.value, headers, 0)])
        account = await floor.account()
        async with floor.scheduler(), floor.beating("w1"), floor.beating("w2"):
            for _ in range(3):
                await floor.request(account)
            (run, *_) = await floor.until(RunAssigned)
            await floor.start_run(run)
            await floor.finish_run(run)
            async with asyncio.timeout(20):
                while len(floor.events(RunAssigned)) < 2:
                    await asyncio.sleep(0.02)
        assert {run.worker_id for run in floor.events(RunAssigned)} == {"w2"}


async def test_every_truth_topic_is_tried() -> None:
    tried = {case.topic for case in CASES} | {topics.RUNS, topics.ASSIGNMENTS}
    assert tried == set(topics.PUBLISHED)
