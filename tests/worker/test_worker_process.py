"""Worker processes, the scheduler and the owners of accounts on a real broker: what happens when a worker is killed."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from adapters.kafka.kafka_log import KafkaLog
from domain.account.commands import DescribeAccount, DescribeTask
from tests.scheduler.floor import Floor
from tests.worker.workplace import ENGINE, TOKEN, CommandApiServer

pytestmark = pytest.mark.slow


class Works:
    """Everything around worker processes, on one broker."""

    def __init__(self, kafka_url: str, folder: Path, floor: Floor, api: CommandApiServer) -> None:
        self.floor, self.api = floor, api
        self._kafka_url, self._folder = kafka_url, folder
        self._workers = 0

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker process that is ready."""
        self._workers += 1
        ready = self._folder / f"worker-{self._workers}.ready"
        environment = {
            "LATHE_KAFKA_URL": self._kafka_url,
            "LATHE_COMMAND_URL": self.api.url,
            "LATHE_SERVICE_TOKEN": TOKEN,
            "LATHE_ENGINES": ENGINE,
            "LATHE_WORKER_SLOTS": "1",
            "LATHE_WORKER_DRAIN_SECONDS": "1",
            "LATHE_READY_FILE": str(ready),
            "LATHE_HOME": str(self._folder),
        }
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "ml_worker", env=os.environ | environment)
        try:
            async with asyncio.timeout(30):
                while not ready.exists():
                    assert process.returncode is None, "the worker ended before it was ready"
                    await asyncio.sleep(0.05)
            yield process
        finally:
            await _end(process)

    async def request(self, account: str, **params: Any) -> str:
        """`params` are those of the first attempt; later ones are quick."""
        task = await self.floor.request(account)
        for attempt in (1, 2, 3):
            self.api.order(task, account, attempt, params=params if attempt == 1 else {})
        return task

    async def task(self, account: str, task_id: str) -> dict[str, Any]:
        return (await self.floor.send(DescribeTask(account_id=account, task_id=task_id))).view

    async def wallet(self, account: str) -> dict[str, Any]:
        return (await self.floor.send(DescribeAccount(account_id=account))).view

    async def until(self, account: str, task_id: str, *status: str, within_s: float = 40) -> dict[str, Any]:
        async with asyncio.timeout(within_s):
            while (task := await self.task(account, task_id))["status"] not in status:
                await asyncio.sleep(0.05)
        return task


@pytest.fixture
async def works(kafka_url: str, tmp_path: Path) -> AsyncIterator[Works]:
    log = KafkaLog(kafka_url)
    floor = Floor(log)
    try:
        async with CommandApiServer().serve() as api, floor.accounts(), floor.scheduler():
            yield Works(kafka_url, tmp_path, floor, api)
    finally:
        await floor.writer.stop()
        await log.close()


async def test_a_task_runs_in_a_worker_process(works: Works) -> None:
    account = await works.floor.account()
    async with works.worker() as process:
        task = await works.request(account)
        done = await works.until(account, task, "completed", "failed")
        assert done["status"] == "completed"
        assert {output["format"] for output in done["outputs"]} == {"glb", "preview", "report"}
        wallet = await works.wallet(account)
        assert (wallet["balance"], wallet["reserved"]) == (99, 0)
        assert [m["model"] for m in works.api.published] == ["test/steps"]

        children = psutil.Process(process.pid).children()
        assert len(children) == 1
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert not children[0].is_running()


async def test_a_worker_that_is_killed_in_a_run_costs_an_attempt_and_nothing_else(works: Works) -> None:
    account = await works.floor.account()
    async with works.worker() as first:
        task = await works.request(account, steps=100, step_s=0.2)
        await works.until(account, task, "running")
        first.kill()
        await first.wait()
        async with works.worker():
            done = await works.until(account, task, "completed", "failed")
    assert (done["status"], done["attempt"]) == ("completed", 2)
    wallet = await works.wallet(account)
    assert (wallet["balance"], wallet["reserved"]) == (99, 0)


async def test_a_worker_that_stood_still_beyond_its_lease_gives_up_its_run(works: Works) -> None:
    account = await works.floor.account()
    async with works.worker() as first, works.worker() as second:
        task = await works.request(account, steps=100, step_s=0.2)
        await works.until(account, task, "running")
        async with asyncio.timeout(30):
            while not (busy := [p for p in (first, second) if any(_busy(c) for c in psutil.Process(p.pid).children())]):
                await asyncio.sleep(0.05)
        holder = busy[0]
        children = psutil.Process(holder.pid).children()
        holder.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(30):
                while (await works.task(account, task))["attempt"] == 1:
                    await asyncio.sleep(0.1)
        finally:
            holder.send_signal(signal.SIGCONT)
        async with asyncio.timeout(30):
            while children[0].is_running() and children[0].status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.05)
        done = await works.until(account, task, "completed", "failed")
    assert (done["status"], done["attempt"]) == ("completed", 2)
    wallet = await works.wallet(account)
    assert (wallet["balance"], wallet["reserved"]) == (99, 0)


async def test_a_worker_that_is_told_to_stop_gives_its_run_back(works: Works) -> None:
    account = await works.floor.account()
    async with works.worker() as first:
        task = await works.request(account, steps=100, step_s=0.2)
        await works.until(account, task, "running")
        async with works.worker():
            first.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(first.wait(), 30) == 0
            done = await works.until(account, task, "completed", "failed")
    assert (done["status"], done["attempt"]) == ("completed", 2)


async def test_an_engine_process_that_is_killed_fails_its_attempt_alone(works: Works) -> None:
    account = await works.floor.account()
    async with works.worker() as worker:
        task = await works.request(account, steps=100, step_s=0.1)
        await works.until(account, task, "running")
        psutil.Process(worker.pid).children()[0].kill()
        done = await works.until(account, task, "completed", "failed")
    assert (done["status"], done["attempt"]) == ("completed", 2)


async def _end(process: asyncio.subprocess.Process) -> None:
    """By its own will, so that the scheduler gives it nothing more: the next test has workers of its own."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 15)
    except TimeoutError:
        process.kill()
        await process.wait()


def _busy(child: psutil.Process) -> bool:
    """Whether an engine runs there: its parent made a folder for the run."""
    return any(Path(tempfile.gettempdir()).glob(f"lathe-worker-{child.ppid()}-*/*"))


async def test_a_worker_that_waits_for_the_broker_can_be_stopped(tmp_path: Path) -> None:
    environment = {
        "LATHE_KAFKA_URL": "127.0.0.1:9",
        "LATHE_SERVICE_TOKEN": TOKEN,
        "LATHE_ENGINES": ENGINE,
        "LATHE_HOME": str(tmp_path),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ml_worker"), env=os.environ | environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    while b"does not answer yet" not in await asyncio.wait_for(process.stdout.readline(), 20):
        assert process.returncode is None
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0


async def test_a_worker_without_settings_says_what_is_missing() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LATHE_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ml_worker"), env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert b"LATHE_KAFKA_URL" in told
