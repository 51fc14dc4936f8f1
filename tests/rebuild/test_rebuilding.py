"""Read models are built anew beside the ones that serve, compared, and swapped in; whatever happens meanwhile."""

import asyncio
from typing import Any

import asyncpg
import pytest

from adapters.postgres.read.live import live_schemas
from adapters.postgres.read.migrate import live_schema
from adapters.postgres.rebuilds import latest
from adapters.settings import load_settings
from domain.account import events as e
from processors.parts import Parts
from processors.projections import leadership
from processors.projections.projector import Projector
from processors.rebuild.rebuilding import Different, Wishes, rebuild, tell_plan
from processors.rebuild.schemas import LOCK, Refused, drop, exists, plan
from processors.telling import AWAY
from tests.projections.handmade import CREDIT, HandmadeLog, requested
from tests.projections.reading import expected, fold
from tests.rebuild.making import Making, project, some_accounts

OPENED = e.AccountOpened(user_id=1, granted=10 * CREDIT)
TABLES = {"accounts", "files", "ledger", "models", "parked_records", "projection_offsets", "task_events", "tasks",
          "users"}  # fmt: skip


async def test_the_same_models_are_built_compared_and_swapped_in(
    making: Making, live: Any, by_hand: HandmadeLog
) -> None:
    await some_accounts(by_hand, OPENED)
    await project(live, by_hand)
    await making.rebuild()
    assert [making.states[0], making.states[-1]] == ["begun", "swapped"]
    assert set(making.states[1:-1]) <= {"building", "comparing", "compared"}
    compared = making.line("compared")
    assert (compared["same"], compared["unbalanced"]) == (True, 0)
    assert {table["table"] for table in compared["tables"]} == TABLES
    rows = {table["table"]: table["rows"] for table in compared["tables"]}
    assert (rows["accounts"], rows["tasks"], rows["task_events"]) == (4, 12, 28)
    assert await live_schema(making.control) == "read_v2"
    assert await making.models("read_v2") == await making.models("read_v1") == expected(fold(by_hand.entries()))
    done = (await latest(making.control))[0]
    assert (done.schema, done.state, done.share, done.why) == ("read_v2", "swapped", 1.0, None)
    assert done.done == done.total == len(by_hand.entries())


async def test_the_old_models_stay_until_they_are_dropped(making: Making, live: Any, by_hand: HandmadeLog) -> None:
    await some_accounts(by_hand, OPENED, 1)
    await project(live, by_hand)
    await making.rebuild()
    assert (await plan(making.control)).target == "read_v3"
    with pytest.raises(Refused, match="read_v2 serves"):
        await drop(making.control, "read_v2")
    with pytest.raises(Refused, match="no read schema"):
        await drop(making.control, "ops")
    await drop(making.control, "read_v1")
    with pytest.raises(Refused, match="there is no read_v1"):
        await drop(making.control, "read_v1")


async def test_models_that_differ_are_not_swapped_in(making: Making, live: Any, by_hand: HandmadeLog) -> None:
    accounts = await some_accounts(by_hand, OPENED, 2)
    await project(live, by_hand)
    await live.execute("UPDATE accounts SET balance = balance + 1 WHERE account_id = $1", accounts[0])
    await live.execute("DELETE FROM task_events WHERE account_id = $1 AND seq = 2", accounts[1])
    with pytest.raises(Different, match=r"accounts \(2 rows served, 2 rebuilt\), task_events \(12 .* 14 rebuilt\)"):
        await making.rebuild()
    assert await live_schema(making.control) == "read_v1"
    failed = (await latest(making.control))[0]
    assert failed.state == "failed"
    assert failed.why is not None
    assert "accounts" in failed.why
    # What was built is kept: once somebody looked at it, it may serve after all.
    await making.rebuild(accept_differences=True)
    assert making.line("begun")["resumes"] is True
    assert await live_schema(making.control) == "read_v2"
    assert [(r.schema, r.state) for r in await latest(making.control)] == [("read_v2", "swapped")]
    assert await making.models("read_v2") == expected(fold(by_hand.entries()))


async def test_a_rebuild_goes_on_where_it_ended(
    making: Making, live: Any, by_hand: HandmadeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some_accounts(by_hand, OPENED, 6)
    await project(live, by_hand)
    monkeypatch.setattr("processors.projections.projector.MAX_RECORDS", 5)
    monkeypatch.setattr("processors.projections.gathering.CHUNK", 5)
    with monkeypatch.context() as ending:
        begin = Projector.run_to

        async def ends_early(self: Projector, goal: Any) -> None:
            half = {tp: offset // 2 for tp, offset in goal.until.items()}
            await begin(self, type(goal)(half, goal.moved))
            raise ConnectionResetError

        ending.setattr(Projector, "run_to", ends_early)
        with pytest.raises(ConnectionResetError):
            await making.rebuild()
    assert 0 < len(await making.models("read_v2")) <= 6
    await making.rebuild(swap=False)
    assert making.line("begun") == {"state": "begun", "live": "read_v1", "target": "read_v2", "resumes": True}
    assert making.line("compared")["same"]
    assert await live_schema(making.control) == "read_v1"
    await making.rebuild()
    assert await live_schema(making.control) == "read_v2"
    assert await making.models("read_v2") == expected(fold(by_hand.entries()))


async def test_a_connection_that_is_cut_meanwhile_is_told_as_that(
    making: Making, live: Any, by_hand: HandmadeLog, url: str
) -> None:
    """Not as an interruption: who runs it again is told why."""
    await some_accounts(by_hand, OPENED, 3)
    await project(live, by_hand)
    await leadership.become_leader(live, "read_v2")  # so that it does not end too soon
    rebuilding = asyncio.create_task(making.rebuild())
    while "building" not in making.states:
        await asyncio.sleep(0.02)
    await live.execute("SELECT pg_terminate_backend($1)", making.control.get_server_pid())
    with pytest.raises(AWAY):
        await rebuilding
    making.control = await asyncpg.connect(url)
    await live.execute("SELECT pg_advisory_unlock_all()")
    await making.rebuild()
    await making.control.close()
    assert making.line("begun")["resumes"]


async def test_what_is_written_meanwhile_is_there_too(making: Making, by_hand: HandmadeLog) -> None:
    """The projector of the live models never stops, and neither do commands."""
    accounts = await some_accounts(by_hand, OPENED, 3)
    projecting = asyncio.create_task(making.projector("read_v1").run())

    async def go_on() -> None:
        while True:
            await by_hand.append(accounts[0], requested(by_hand.new_id(), price=1))
            await asyncio.sleep(0.001)

    writing = asyncio.create_task(go_on())
    await making.rebuild()
    writing.cancel()
    await asyncio.wait([writing])
    assert making.line("compared")["same"]
    following = asyncio.create_task(making.projector("read_v2").run())
    wanted = expected(fold(by_hand.entries()))
    while await making.models("read_v2") != wanted or await making.models("read_v1") != wanted:
        await asyncio.sleep(0.05)
    for task in (projecting, following):
        task.cancel()
    await asyncio.wait([projecting, following])


async def test_what_operators_left_out_is_left_out_again(
    making: Making, live: Any, by_hand: HandmadeLog, url: str
) -> None:
    """The live projector carries the order out; the rebuild does not take orders, but what came of them."""
    account = by_hand.account_in(3)
    await by_hand.append(account, OPENED)
    await by_hand.append(account, requested(by_hand.new_id()), value=b'{"broken"')
    await by_hand.append(account, e.CreditsAdjusted(amount=7, reason="gift"))
    await project(live, by_hand)
    assert await live.fetchval("SELECT count(*) FROM parked_records") == 2
    await live.execute(
        'INSERT INTO ops.dead_letter_orders (topic, partition, "offset", action, actor) '
        "VALUES ('lathe.accounts', 3, 2, 'skip', 'user/boss')"
    )
    await making.rebuild(swap=False)
    assert await live.fetchval("SELECT done_at FROM ops.dead_letter_orders") is None
    projecting = asyncio.create_task(making.projector("read_v1").run())
    while await live.fetchval("SELECT outcome FROM ops.dead_letter_orders") != "skipped":
        await asyncio.sleep(0.02)
    await making.rebuild()
    projecting.cancel()
    await asyncio.wait([projecting])
    assert making.line("compared")["same"]
    assert (await making.models("read_v2"))[account]["wallet"]["balance"] == 10 * CREDIT + 7


async def test_models_of_another_log_are_replaced_only_if_it_is_said(
    making: Making, live: Any, by_hand: HandmadeLog
) -> None:
    """There is nothing to compare with then: it is built up to the log's end."""
    await some_accounts(by_hand, OPENED, 2)
    await project(live, by_hand)
    await live.execute("UPDATE projection_offsets SET cluster_id = 'cluster-of-yesterday', next_offset = 1000")
    with pytest.raises(Different, match="built from another log"):
        await making.rebuild()
    await making.rebuild(accept_differences=True)
    assert await live_schema(making.control) == "read_v2"
    assert await making.models("read_v2") == expected(fold(by_hand.entries()))


async def test_what_was_begun_from_another_log_is_begun_anew(making: Making, live: Any, by_hand: HandmadeLog) -> None:
    await some_accounts(by_hand, OPENED, 2)
    await project(live, by_hand)
    await making.rebuild(swap=False)
    another = HandmadeLog()
    await live.execute("UPDATE read_v2.projection_offsets SET cluster_id = 'cluster-of-yesterday'")
    await live.execute("TRUNCATE accounts, files, ledger, tasks, task_events, projection_offsets")
    await some_accounts(another, OPENED, 1)
    await project(live, another)
    await Making(making.url, another, making.control).rebuild()
    assert await making.models("read_v2") == expected(fold(another.entries()))


async def test_only_one_at_a_time(making: Making, live: Any, url: str) -> None:
    """The lock is the first thing: nobody is asked anything before."""
    parts: Any = Parts(load_settings(), "nowhere:9", url, None, None)  # type: ignore[arg-type]
    await making.control.execute("SELECT pg_advisory_lock($1)", LOCK)
    with pytest.raises(Refused, match="a rebuild is running already"):
        await rebuild(parts, Wishes(), making.told.append)
    assert await latest(making.control) == []


async def test_nothing_is_dropped_under_a_rebuild(making: Making, live: Any, by_hand: HandmadeLog, url: str) -> None:
    """Neither what it builds, nor what served before: the next name is made from those that are there."""
    await some_accounts(by_hand, OPENED, 1)
    await project(live, by_hand)
    await making.rebuild()
    await making.rebuild(swap=False)
    rebuilding = await asyncpg.connect(url)
    await rebuilding.execute("SELECT pg_advisory_lock($1)", LOCK)
    for schema in ("read_v1", "read_v3"):
        with pytest.raises(Refused, match="a rebuild is running"):
            await drop(making.control, schema)
        assert await exists(making.control, schema)
    await rebuilding.close()
    await drop(making.control, "read_v1")
    await making.control.execute("SELECT pg_advisory_lock($1)", LOCK)  # the drop has given it back


async def test_a_dry_run_tells_and_changes_nothing(making: Making, live: Any, by_hand: HandmadeLog, url: str) -> None:
    await some_accounts(by_hand, OPENED, 2)
    await project(live, by_hand)
    parts: Any = Parts(load_settings(), "nowhere:9", url, by_hand.log, None)  # type: ignore[arg-type]
    await tell_plan(parts, making.told.append)
    plan = making.told.pop()
    assert plan.pop("bytes") > 8192
    total = len(by_hand.entries())
    assert plan == {"state": "planned", "live": "read_v1", "target": "read_v2", "resumes": False, "done": 0,
                    "total": total}  # fmt: skip
    assert not await exists(making.control, "read_v2")
    await making.rebuild(swap=False)
    await tell_plan(parts, making.told.append)
    assert making.line("planned") | {"bytes": 0} == plan | {"resumes": True, "done": total, "bytes": 0}


async def test_a_swap_is_heard_of(making: Making, live: Any, by_hand: HandmadeLog, url: str) -> None:
    await some_accounts(by_hand, OPENED, 1)
    await project(live, by_hand)
    heard = live_schemas(url, "read_v1")
    waiting = asyncio.ensure_future(anext(heard))
    await making.rebuild()
    assert await waiting == "read_v2"
    await heard.aclose()
