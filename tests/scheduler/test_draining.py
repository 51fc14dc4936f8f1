"""A worker that an operator drains gets no more runs, whoever schedules after that, and keeps those it has."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.kafka import topics
from domain.account.events import TaskCompleted
from domain.runs.events import DrainRequested, WorkerBeat
from domain.scheduling.events import RunAssigned, RunRevoked
from tests.scheduler.floor import Floor


@pytest.fixture
async def floor() -> AsyncIterator[Floor]:
    async with Floor().accounts() as floor:
        yield floor


async def drained(floor: Floor, worker_id: str) -> None:
    event = DrainRequested(worker_id=worker_id)
    await floor.writer.write(
        topics.WORKERS, 0, worker_id, event, subject=worker_id, actor="operator/ada", correlation_id="test"
    )


async def beats_of(floor: Floor, worker_id: str, more: int) -> None:
    """Until the worker has beaten so often again: whatever was to be given to it could have been."""
    before = len([b for b in floor.events(WorkerBeat) if b.worker_id == worker_id])
    await floor.until(WorkerBeat, before + more, worker_id=worker_id)


async def test_it_gets_nothing_more_and_finishes_what_it_has(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler(), floor.beating("w1", slots=2):
        held = await floor.request(account)
        (run,) = await floor.until(RunAssigned, task_id=held)
        await floor.start_run(run)
        await drained(floor, "w1")
        waiting = await floor.request(account)
        await beats_of(floor, "w1", 5)  # its heartbeats do not say that it drains: it has not heard yet
        await floor.finish_run(run)
        await floor.until(TaskCompleted, task_id=held)
        assert [r.task_id for r in floor.events(RunAssigned)] == [held]
        async with floor.beating("w2"):
            (other,) = await floor.until(RunAssigned, task_id=waiting)
            assert other.worker_id == "w2"
    assert not floor.events(RunRevoked)


async def test_the_scheduler_that_comes_after_knows(floor: Floor) -> None:
    account = await floor.account()
    async with floor.beating("w1"):
        async with floor.scheduler():
            await floor.until(WorkerBeat)
            await drained(floor, "w1")
        async with floor.scheduler():
            await floor.request(account)
            await beats_of(floor, "w1", 10)
            assert not floor.events(RunAssigned)
            async with floor.beating("w2"):
                (run,) = await floor.until(RunAssigned)
                assert run.worker_id == "w2"


async def test_who_was_never_heard_is_not_known_by_being_drained(floor: Floor) -> None:
    account = await floor.account()
    async with floor.scheduler():
        await drained(floor, "nobody")
        async with floor.beating("w1"):
            await floor.request(account)
            await asyncio.wait_for(floor.until(RunAssigned), 20)
