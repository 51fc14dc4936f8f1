"""A worker that is drained finishes what it has, says that it drains, and leaves only if it was told to."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka import topics
from domain.runs.events import DrainRequested, RunFailed, RunStarted, RunSucceeded
from ml_worker import parent
from tests.worker.test_worker_process import Works, works  # noqa: F401 - a fixture
from tests.worker.workplace import Workplace


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Workplace]:
    async with Workplace(tmp_path).open() as place:
        yield place


async def drain(place: Workplace, *, leave: bool) -> None:
    worker_id = place.worker.worker_id
    event = DrainRequested(worker_id=worker_id, leave=leave)
    await place.writer.write(
        topics.WORKERS, 0, worker_id, event, subject=worker_id, actor="operator/ada", correlation_id="test"
    )


async def test_runs_it_has_and_one_that_crossed_the_order_are_finished(place: Workplace) -> None:
    held = await place.give(params={"steps": 5, "step_s": 0.1})
    await place.until(RunStarted, task_id=held.task_id)
    await drain(place, leave=False)
    async with asyncio.timeout(20):
        while not any(beat.draining for beat in place.beats()):
            await asyncio.sleep(0.01)
    crossed = await place.give()
    await place.until(RunSucceeded, task_id=held.task_id)
    await place.until(RunSucceeded, task_id=crossed.task_id)
    assert not place.events(RunFailed)
    assert not place.worker.left.is_set()


async def test_it_leaves_once_nothing_came_for_a_while(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "_LEAVE_AFTER_S", 0.2)
    held = await place.give(params={"steps": 5, "step_s": 0.1})
    await place.until(RunStarted)
    await drain(place, leave=True)
    await asyncio.wait_for(place.worker.left.wait(), 20)
    assert [done.task_id for done in place.events(RunSucceeded)] == [held.task_id]


async def ops(*arguments: str) -> tuple[int, Any]:
    """`lathe ops workers … --json`: its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli.main", "ops", "workers", *arguments, "--json", stdout=asyncio.subprocess.PIPE,
        env=os.environ,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(said or b"null")


@pytest.mark.slow
async def test_the_command_drains_a_process(
    works: Works,  # noqa: F811
    kafka_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LATHE_KAFKA_URL", kafka_url)
    monkeypatch.setenv("LATHE_HOME", str(tmp_path))
    account = await works.floor.account()
    async with works.worker() as process:
        code, (mine,) = await ops("list")
        assert code == 0
        task = await works.request(account, steps=40, step_s=0.1)
        await works.until(account, task, "running")
        code, told = await ops("drain", mine["worker_id"], "--leave")
        assert (code, told["done"], told["left"]) == (0, True, True)
        assert await asyncio.wait_for(process.wait(), 20) == 0
        done = await works.until(account, task, "completed", "failed")
        assert (done["status"], done["attempt"]) == ("completed", 1)
        code, _ = await ops("drain", mine["worker_id"])
        code, _ = await ops("drain", mine["worker_id"])
        assert code == 2
