"""The read models are the same fold of the log as the owner's, whatever the batches."""

import json
import random
from typing import Any

import pytest

from domain.account import events as e
from processors.projections.writing import Writer
from tests.projections.handmade import (
    CREDIT,
    HandmadeLog,
    batch,
    cancelled,
    completed,
    failed,
    file,
    requested,
    started,
)
from tests.projections.reading import expected, fold, read_accounts, writer_on


async def lives(log: HandmadeLog, accounts: int, rng: random.Random) -> None:
    """Accounts of two partitions that do everything an account can do, interleaved."""
    scripts: list[list[tuple[str, e.Event]]] = []
    for n in range(accounts):
        account = log.account_in(n % 2)
        ids = [log.new_id() for _ in range(14)]
        script: list[e.Event] = [
            e.AccountOpened(user_id=n + 1, granted=100 * CREDIT),
            e.FileStored(file=file(ids[0])),
            requested(ids[1], files=(file(ids[2], "cup.png"),)),
            started(ids[1]),
            e.TaskRetried(task_id=ids[1], attempt=2, reason="lease-expired"),
            started(ids[1], 2),
            e.TaskCancelRequested(task_id=ids[1], attempt=2),
            completed(ids[1], ids[3], attempt=2),
            requested(ids[4], price=2 * CREDIT, parent=ids[1]),
            cancelled(ids[4], released=2 * CREDIT),
            requested(ids[5]),
            started(ids[5]),
            failed(ids[5]),
            e.FileDeleted(file_id=ids[0]),
            requested(ids[6], prompt=None),
            started(ids[6]),
            e.TaskCancelRequested(task_id=ids[6], attempt=1),
            cancelled(ids[6], charged=CREDIT // 4, released=CREDIT - CREDIT // 4),
            requested(ids[7]),
            batch(ids[8], ids[9], ids[10], ids[11], source=file(ids[2])),
            started(ids[10]),
            completed(ids[10], ids[12]),
            cancelled(ids[9]),
            e.CreditsAdjusted(amount=-7, reason="a correction"),
            e.AccountClosed(),
            e.CreditsForfeited(amount=CREDIT),
        ]
        scripts.append([(account, event) for event in script[: rng.randint(1, len(script))]])
    while scripts:
        script_left = rng.choice(scripts)
        key, event = script_left.pop(0)
        await log.append(key, event)
        if not script_left:
            scripts.remove(script_left)


async def apply_in_batches(writer: Writer, log: HandmadeLog, sizes: list[int]) -> None:
    entries = log.entries()
    while entries:
        size = sizes.pop(0) if sizes else len(entries)
        await writer.apply(entries[:size])
        del entries[:size]


@pytest.mark.parametrize("sizes", [[], [1] * 1000, [3, 1, 50, 7] * 20], ids=["one batch", "one by one", "mixed"])
async def test_rows_equal_the_pure_fold(connection: Any, by_hand: HandmadeLog, sizes: list[int]) -> None:
    await lives(by_hand, 12, random.Random(3))
    writer = await writer_on(connection)
    await apply_in_batches(writer, by_hand, sizes)
    state = fold(by_hand.entries())
    assert await read_accounts(connection) == expected(state)
    assert not writer.parked_streams
    assert all(account.wallet.adds_up for account in state.accounts.values())


async def test_the_ledger_adds_up_to_each_wallet(connection: Any, by_hand: HandmadeLog) -> None:
    await lives(by_hand, 6, random.Random(5))
    await apply_in_batches(await writer_on(connection), by_hand, [5] * 10)
    sums = await connection.fetch(
        "SELECT account_id, sum(balance) b, sum(reserved) r, sum(granted) g, sum(charged) c, sum(forfeited) f "
        "FROM ledger GROUP BY account_id ORDER BY account_id"
    )
    wallets = await connection.fetch(
        "SELECT account_id, balance b, reserved r, granted g, charged c, forfeited f FROM accounts ORDER BY account_id"
    )
    assert [tuple(row) for row in sums] == [tuple(row) for row in wallets]
    assert len(wallets) == 6


async def test_offsets_cover_claims_and_void_records(connection: Any, by_hand: HandmadeLog) -> None:
    account = by_hand.account_in(3)
    await by_hand.append(account, e.AccountOpened(user_id=1, granted=CREDIT))
    await by_hand.append(account, e.CreditsAdjusted(amount=5, reason="from an owner of the past"), seq=9)
    tp = ("lathe.accounts", 3)
    await by_hand.put(tp, b"forged", b"{}", [("ce_type", b"lathe.account.opened.v1")])
    await apply_in_batches(await writer_on(connection), by_hand, [])
    row = await connection.fetchrow("SELECT * FROM projection_offsets WHERE topic = $1 AND partition = 3", tp[0])
    assert (row["next_offset"], row["epoch"], row["nonce"], row["seq"]) == (4, 1, "nonce-1", 1)
    assert row["last_record_id"].startswith("sha256:")
    assert await connection.fetchval("SELECT balance FROM accounts") == CREDIT
    assert await connection.fetchval("SELECT count(*) FROM parked_records") == 0


async def test_the_timeline_is_contiguous(connection: Any, by_hand: HandmadeLog) -> None:
    await lives(by_hand, 8, random.Random(11))
    await apply_in_batches(await writer_on(connection), by_hand, [13] * 5)
    holes = await connection.fetchval(
        "SELECT count(*) FROM (SELECT task_id FROM task_events GROUP BY task_id HAVING max(seq) <> count(*)) t"
    )
    assert holes == 0
    behind = await connection.fetchval(
        "SELECT count(*) FROM tasks t WHERE seq <> (SELECT max(seq) FROM task_events x WHERE x.task_id = t.task_id) "
        "OR status <> (SELECT status FROM task_events x WHERE x.task_id = t.task_id AND x.seq = t.seq)"
    )
    assert behind == 0
    assert await connection.fetchval("SELECT count(*) FROM tasks") > 0


async def test_a_batch_is_one_movement_and_the_beginning_of_each_life(connection: Any, by_hand: HandmadeLog) -> None:
    account, first, second = by_hand.account_in(0), by_hand.new_id(), by_hand.new_id()
    await by_hand.append(account, e.AccountOpened(user_id=1, granted=5 * CREDIT))
    event = batch(by_hand.new_id(), first, second)
    event_id = await by_hand.append(account, event)
    await by_hand.append(account, started(second))
    await apply_in_batches(await writer_on(connection), by_hand, [3])
    rows = await connection.fetch("SELECT kind, balance, reserved, reason FROM ledger ORDER BY version")
    assert [tuple(row) for row in rows][1:] == [("reservation", -2 * CREDIT, 2 * CREDIT, f"batch {event.batch_id}")]
    rows = await connection.fetch("SELECT task_id, seq, type, status FROM task_events ORDER BY task_id, seq")
    assert [tuple(row) for row in rows] == [
        (first, 1, "requested", "queued"), (second, 1, "requested", "queued"), (second, 2, "started", "running"),
    ]  # fmt: skip
    prompts = [json.loads(row["prompt"]) for row in await connection.fetch("SELECT prompt FROM tasks ORDER BY task_id")]
    assert prompts == [
        {"event_id": event_id, "field": "items.0.prompt", "enc": "v1:a chair 0"},
        {"event_id": event_id, "field": "items.1.prompt", "enc": "", "object": "ef" * 32},
    ]


async def test_a_batch_that_names_a_task_of_before_is_parked(connection: Any, by_hand: HandmadeLog) -> None:
    account, task = by_hand.account_in(0), by_hand.new_id()
    await by_hand.append(account, e.AccountOpened(user_id=1, granted=5 * CREDIT))
    await by_hand.append(account, requested(task))
    await by_hand.append(account, batch(by_hand.new_id(), by_hand.new_id(), task))
    writer = await writer_on(connection)
    await apply_in_batches(writer, by_hand, [])
    assert len(writer.parked_streams) == 1
    assert await connection.fetchval("SELECT count(*) FROM tasks") == 1
