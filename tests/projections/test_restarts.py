"""Offsets and rows move together: takeovers, failures between rows, restarts, and logs that are not the same."""

from typing import Any

import asyncpg
import pytest

from adapters.kafka.memory import MemoryLog
from adapters.postgres.read.partitions import PARTITIONS
from domain.account import events as e
from processors.projections import offsets
from processors.projections.timeline import TimelineRows
from tests.projections.handmade import CREDIT, HandmadeLog, requested
from tests.projections.reading import expected, fold, identity_of, read_accounts, writer_on

OPENED = e.AccountOpened(user_id=1, granted=10 * CREDIT)
TP = ("lathe.accounts", 5)


async def some_history(log: HandmadeLog, events: int = 6) -> str:
    account = log.account_in(TP[1])
    await log.append(account, OPENED)
    for _ in range(events - 1):
        await log.append(account, requested(log.new_id(TP[1])))
    return account


async def test_a_second_projector_is_noticed_and_steps_down(connection: Any, by_hand: HandmadeLog) -> None:
    await some_history(by_hand)
    entries = by_hand.entries()
    one, other = await writer_on(connection), await writer_on(connection)
    await one.apply(entries[:3])
    with pytest.raises(offsets.Superseded):
        await other.apply(entries)
    await one.apply(entries[3:])
    assert await read_accounts(connection) == expected(fold(entries))


async def test_a_failure_between_rows_leaves_nothing(
    connection: Any, by_hand: HandmadeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost when accounts and tasks are written, and events are not."""
    await some_history(by_hand)
    entries = by_hand.entries()

    async def lost(self: TimelineRows, connection: Any) -> None:
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    with monkeypatch.context() as broken:
        broken.setattr(TimelineRows, "write", lost)
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await (await writer_on(connection)).apply(entries)
    for table in ("accounts", "tasks", "task_events", "ledger", "parked_records"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await connection.fetchval("SELECT max(next_offset) FROM projection_offsets") == 0
    await (await writer_on(connection)).apply(entries)
    assert await read_accounts(connection) == expected(fold(entries))


async def test_a_restart_goes_on_with_the_read_rule_where_it_stood(connection: Any, by_hand: HandmadeLog) -> None:
    account = await some_history(by_hand)
    await (await writer_on(connection)).apply(by_hand.entries())
    await by_hand.claim(TP)
    await by_hand.append(account, e.CreditsAdjusted(amount=3, reason="by the next owner"))
    stands = await offsets.load(connection, PARTITIONS, identity_of())
    entries = by_hand.entries({tp: stand.position for tp, stand in stands.items()})
    assert [entry.kind for entry in entries] == ["claim", "event"]
    await (await writer_on(connection)).apply(entries)
    assert await read_accounts(connection) == expected(fold(by_hand.entries()))


async def stands_of(connection: Any) -> Any:
    return await offsets.load(connection, PARTITIONS, identity_of())


async def test_the_same_log_is_recognised(connection: Any, by_hand: HandmadeLog) -> None:
    await some_history(by_hand)
    await offsets.compare_with_log(by_hand.log, await stands_of(connection))
    await (await writer_on(connection)).apply(by_hand.entries())
    await offsets.compare_with_log(by_hand.log, await stands_of(connection))


async def test_a_truncated_log_demands_a_rebuild(connection: Any, by_hand: HandmadeLog) -> None:
    await some_history(by_hand)
    await (await writer_on(connection)).apply(by_hand.entries())
    del by_hand.log.partitions[TP][-1]
    with pytest.raises(offsets.RebuildNeeded, match=r"lathe.accounts:5@7.*ends at 6.*rebuild"):
        await offsets.compare_with_log(by_hand.log, await stands_of(connection))


async def test_a_replaced_log_demands_a_rebuild(connection: Any, by_hand: HandmadeLog) -> None:
    await some_history(by_hand)
    await (await writer_on(connection)).apply(by_hand.entries())
    another = HandmadeLog()
    await another.claim(TP)
    for _ in range(9):
        await another.append(another.account_in(TP[1]), OPENED)
    assert isinstance(another.log, MemoryLog)
    with pytest.raises(offsets.RebuildNeeded, match="the log was replaced"):
        await offsets.compare_with_log(another.log, await stands_of(connection))


async def test_another_cluster_or_topic_demands_a_rebuild(connection: Any) -> None:
    await stands_of(connection)
    with pytest.raises(offsets.RebuildNeeded, match="cluster cluster-1"):
        await offsets.load(connection, PARTITIONS, identity_of("cluster-2"))
    log = identity_of()
    log.topic_ids["lathe.accounts"] = "made anew"
    with pytest.raises(offsets.RebuildNeeded, match=r"lathe.accounts was deleted"):
        await offsets.load(connection, PARTITIONS, log)
