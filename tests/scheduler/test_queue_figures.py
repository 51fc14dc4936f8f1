"""What Prometheus is told of the queue."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from processors.scheduler.queue_figures import QueueFigures
from tests.domain.given_scheduler import FORM, World
from tests.scheduler.floor import MODEL, Floor


@pytest.fixture
async def floor() -> AsyncIterator[Floor]:
    async with Floor().accounts() as floor:
        yield floor


def told(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_tasks_of_the_version_that_a_worker_has_do_not_lack_one() -> None:
    world = World().beat("w1").requested("t1").requested("t2").requested("t3", model_version="2")
    QueueFigures().tell(world.state, world.now)
    assert told("lathe_queue_length", model=FORM) == 3
    assert told("lathe_queue_without_worker") == 1


async def test_who_leads_no_more_tells_of_no_queue(floor: Floor) -> None:
    account = await floor.account()
    await floor.request(account)
    async with floor.scheduler():
        while told("lathe_queue_length", model=MODEL) != 1:
            await asyncio.sleep(0.02)
        assert told("lathe_scheduler_tasks") == told("lathe_queue_without_worker") == 1
        lag = {"projection": "scheduler", "topic": "lathe.accounts"}
        assert told("lathe_projection_lag_events", **lag) is not None
    for name in ("lathe_queue_without_worker", "lathe_scheduler_tasks", "lathe_scheduler_leading"):
        assert told(name) == 0
    assert told("lathe_queue_length", model=MODEL) == told("lathe_queue_oldest_seconds", model=MODEL) == 0
    assert told("lathe_projection_lag_events", **lag) is None
