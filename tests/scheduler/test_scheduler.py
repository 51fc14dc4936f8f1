"""The scheduler's service around the pure plan: reading, sending, leases, restarts, queue news."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from adapters.ids import new_id
from adapters.kafka import topics
from domain.account.commands import CancelTask, DescribeAccount
from domain.account.events import TaskCancelled, TaskCompleted, TaskRequested, TaskRetried, TaskStarted
from domain.runs.events import QueueChanged, WorkerBeat
from domain.scheduling import leases, plan, state
from domain.scheduling.events import RunAssigned, RunRevoked
from tests.scheduler.floor import MODEL, Floor

SHORT = timedelta(seconds=2)


@pytest.fixture
async def floor() -> AsyncIterator[Floor]:
    async with Floor().accounts() as floor:
        yield floor


@pytest.fixture
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LEASE", SHORT)
    monkeypatch.setattr(leases, "LEASE", SHORT)
    monkeypatch.setattr(plan, "FRESH", SHORT / 2)


async def test_a_task_goes_to_a_worker_and_comes_back_completed(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler(), floor.beating("w1"):
        task = await floor.request(account)
        (run,) = await floor.until(RunAssigned)
        requested = floor.events(TaskRequested)[0]
        assert (run.task_id, run.attempt, run.account_id, run.worker_id) == (task, 1, account, "w1")
        tp = (run.topic, run.partition)
        assert tp == (topics.ACCOUNTS.name, topics.account_partition(account))
        assert run.offset == floor.offset_of(tp, requested)
        await floor.start_run(run)
        await floor.until(TaskStarted)
        await floor.finish_run(run)
        (done,) = await floor.until(TaskCompleted)
        assert done.charged == 1_000_000
        second = await floor.request(account)
        await floor.until(RunAssigned, task_id=second)
    assert len(floor.events(RunAssigned)) == 2
    assert not floor.events(RunRevoked)


async def test_a_slot_is_given_once_and_the_queue_is_told(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler(), floor.beating("w1"):
        tasks = [await floor.request(account) for _ in range(3)]
        (run,) = await floor.until(RunAssigned)
        await floor.start_run(run)
        await floor.until(QueueChanged)
        news = floor.events(QueueChanged)[-1]
        assert [(t.task_id, t.position) for t in news.tasks] == [(tasks[1], 1), (tasks[2], 2)]
        assert all(t.eta_s is not None for t in news.tasks)
        assert (news.total, news.no_worker_for) == (2, ())
        for task in tasks:
            (run,) = await floor.until(RunAssigned, task_id=task)
            await floor.finish_run(run)
        await floor.until(TaskCompleted, 3)
        await floor.until(QueueChanged, tasks=())
    told = [r.timestamp for r, e in floor.valid() if isinstance(e, QueueChanged)]
    assert all(later - earlier >= 900 for earlier, later in pairwise(told))


async def test_a_queue_without_a_worker_says_so(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler():
        task = await floor.request(account)
        (news,) = await floor.until(QueueChanged)
        assert news.no_worker_for == (MODEL,)
        assert [(t.task_id, t.eta_s) for t in news.tasks] == [(task, None)]
        async with floor.beating("w1"):
            await floor.until(RunAssigned, task_id=task)


@pytest.mark.usefixtures("short_leases")
async def test_the_runs_of_a_silent_worker_go_to_another_and_are_revoked(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler():
        async with floor.beating("w1"):
            task = await floor.request(account)
            (run,) = await floor.until(RunAssigned)
            await floor.start_run(run)
            await floor.until(TaskStarted)
        async with floor.beating("w2"):
            (retried,) = await floor.until(TaskRetried)
            assert (retried.task_id, retried.attempt, retried.reason) == (task, 2, "lease-expired")
            (again,) = await floor.until(RunAssigned, attempt=2)
            assert again.worker_id == "w2"
            (revoked,) = await floor.until(RunRevoked)
            assert (revoked.worker_id, revoked.attempt, revoked.reason) == ("w1", 1, "lease-expired")
            await floor.start_run(again)
            await floor.finish_run(again)
            (done,) = await floor.until(TaskCompleted)
            assert (done.attempt, done.charged) == (2, 1_000_000)


async def test_a_worker_that_stops_cleanly_loses_its_runs_at_once(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler():
        async with floor.beating("w1"):
            await floor.request(account)
            (run,) = await floor.until(RunAssigned)
            await floor.start_run(run)
            await floor.until(TaskStarted)
        before = datetime.now(UTC)
        await floor.beat("w1", run, stopping=True)
        await floor.until(TaskRetried)
        assert datetime.now(UTC) - before < state.LEASE / 4


@pytest.mark.usefixtures("short_leases")
async def test_after_a_restart_everyone_gets_a_full_lease_and_nothing_is_assigned_twice(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler(), floor.beating("w1"):
        await floor.request(account)
        (run,) = await floor.until(RunAssigned)
        await floor.start_run(run)
        await floor.until(TaskStarted)
        # Heard of later: its assignment was not started.
        waiting = await floor.request(account)
    await asyncio.sleep(2 * SHORT.total_seconds())
    async with floor.scheduler(), floor.beating("w1"):
        await floor.finish_run(run)
        await floor.until(TaskCompleted)
        await floor.until(RunAssigned, task_id=waiting)
    assert not floor.events(TaskRetried)
    assert len(floor.events(RunAssigned)) == 2


async def test_a_running_task_that_is_cancelled_is_revoked(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler(), floor.beating("w1"):
        task = await floor.request(account)
        (run,) = await floor.until(RunAssigned)
        await floor.start_run(run)
        await floor.until(TaskStarted)
        await floor.send(CancelTask(account_id=account, task_id=task))
        (revoked,) = await floor.until(RunRevoked)
        assert (revoked.task_id, revoked.worker_id, revoked.reason) == (task, "w1", "cancelled")


async def test_a_deadline_that_passes_in_the_queue_cancels_the_task(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler():
        deadline = datetime.now(UTC) + timedelta(seconds=0.5)
        task = await floor.request(account, deadline=deadline)
        (cancelled,) = await floor.until(TaskCancelled)
        assert (cancelled.task_id, cancelled.reason, cancelled.charged) == (task, "deadline", 0)
        assert cancelled.released == 1_000_000


async def test_a_rival_scheduler_does_not_assign_twice(floor: Floor) -> None:
    accounts = [await floor.account() for _ in range(4)]
    async with floor.scheduler(), floor.beating("w1", slots=50):
        tasks = [await floor.request(account) for account in accounts for _ in range(3)]
        async with floor.scheduler():
            tasks += [await floor.request(account) for account in accounts for _ in range(3)]
            async with asyncio.timeout(30):
                while {r.task_id for r in floor.events(RunAssigned)} != set(tasks):
                    await asyncio.sleep(0.02)
    assert len(floor.events(RunAssigned)) == len(tasks)


async def test_records_that_cannot_be_read_are_passed_over(floor: Floor) -> None:
    await floor.log.put((topics.WORKERS.name, 0), [floor.broken()])
    account = await floor.account()
    async with floor.scheduler(), floor.beating(new_id()):
        await floor.log.put((topics.RUNS.name, 3), [floor.broken()])
        await floor.request(account)
        await floor.until(RunAssigned)
    assert floor.events(WorkerBeat)


async def test_an_account_whose_run_events_are_gone_still_decides(short_leases: None) -> None:
    floor = Floor()
    async with floor.accounts():
        account = await floor.account()
        async with floor.scheduler(), floor.beating("w1"):
            await floor.request(account)
            (run,) = await floor.until(RunAssigned)
            await floor.start_run(run)
            await floor.until(TaskStarted)
    tp = (topics.RUNS.name, topics.account_partition(account))
    assert floor.log.partitions.pop(tp)
    async with floor.accounts():
        for _ in range(3):
            assert (await floor.send(DescribeAccount(account_id=account))).view["reserved"] == 1
