"""What engines start: it hears signals as anywhere, and ends with the engine's process."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from ml_worker.frames import Finished, RunEngine
from ml_worker.slot import Died, Slot

ENGINE = "tests.worker.odd:OddEngine"


@pytest.fixture
async def slot() -> AsyncIterator[Slot]:
    slot = Slot(device="cpu", threads=1, engines=(ENGINE,))
    slot.start()
    yield slot
    await slot.stop()


def order(folder: Path, how: str) -> RunEngine:
    return RunEngine(
        run=0,
        engine="test/odd",
        prompt="a mug",
        files=(),
        params={"how": how},
        seed=7,
        folder=str(folder),
        checkpoints=str(folder / "stages"),
    )


async def gone(*numbers: int) -> None:
    async with asyncio.timeout(30):
        while any(_lives(number) for number in numbers):
            await asyncio.sleep(0.02)


def _lives(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("how", ["pool", "terminate"])
async def test_an_engine_can_end_what_it_started(slot: Slot, tmp_path: Path, how: str) -> None:
    async with asyncio.timeout(20):
        assert isinstance(await slot.run(order(tmp_path, how), lambda _: None), Finished)


async def test_the_engine_s_own_process_takes_no_notice_of_signals(slot: Slot, tmp_path: Path) -> None:
    assert isinstance(await slot.run(order(tmp_path, "numpy"), lambda _: None), Finished)
    assert slot.pid is not None
    pid = slot.pid
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert isinstance(await slot.run(order(tmp_path, "numpy"), lambda _: None), Finished)
    assert slot.pid == pid


@pytest.mark.parametrize("end", ["kill", "stop", "crash"])
async def test_what_an_engine_started_ends_with_its_process(slot: Slot, tmp_path: Path, end: str) -> None:
    started: list[int] = []
    both = asyncio.Event()

    def saved(name: str) -> None:
        started.append(int(name))
        if len(started) == 2:
            both.set()

    how = "leaves-and-dies" if end == "crash" else "leaves"
    running = asyncio.create_task(slot.run(order(tmp_path, how), lambda _: None, saved))
    await both.wait()
    assert end == "crash" or all(_lives(number) for number in started)
    if end == "kill":
        slot.kill()
    elif end == "stop":
        await slot.stop()
    assert isinstance(await asyncio.wait_for(running, 30), Died)
    await gone(*started)


PARENT = """
import asyncio, sys
from pathlib import Path
from ml_worker.slot import Slot
from tests.worker.test_groups import ENGINE, order
async def main():
    slot = Slot(device="cpu", threads=1, engines=(ENGINE,))
    slot.start()
    await slot.run(order(Path(sys.argv[1]), "leaves"), print, lambda name: print(name, flush=True))
asyncio.run(main())
"""


async def test_a_worker_that_is_killed_takes_along_what_its_engines_started(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        numbers = (int(line) for line in parent.stdout if line.strip().isdigit())
        started = [next(numbers), next(numbers)]
        assert all(_lives(number) for number in started)
        family = [child.pid for child in psutil.Process(parent.pid).children(recursive=True)]
        assert set(started) < set(family)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        await gone(*family)
