"""A slot with a real child process and a real engine in it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ml_worker.frames import Failed, Finished, InputFile, Progressed, RunEngine, Stopped
from ml_worker.slot import Died, Slot

ENGINE = "tests.worker.engine:StepEngine"


@pytest.fixture
async def slot() -> AsyncIterator[Slot]:
    slot = Slot(device="cpu", threads=1, engines=(ENGINE,))
    slot.start()
    yield slot
    await slot.stop()


def order(folder: Path, prompt: str | None = "a mug", files: tuple[InputFile, ...] = (), **params: Any) -> RunEngine:
    return RunEngine(
        run=0,
        engine="test/steps",
        prompt=prompt,
        files=files,
        params=params,
        seed=7,
        folder=str(folder),
        checkpoints=str(folder / "stages"),
    )


async def test_an_engine_is_described_before_it_is_loaded_and_runs(slot: Slot, tmp_path: Path) -> None:
    told: list[Progressed] = []
    photo = tmp_path / "in.png"
    photo.write_bytes(b"pixels")
    files = (InputFile("image", str(photo), "image/png"),)
    outcome = await slot.run(order(tmp_path, files=files), told.append)
    assert isinstance(outcome, Finished)
    assert [f.format for f in outcome.files] == ["glb", "preview"]
    assert b"pixels".hex() in Path(outcome.files[0].path).read_text()
    assert (outcome.understood, outcome.ignored, outcome.metrics) == ({"words": ["a", "mug"]}, ("very",), {"faces": 12})
    fractions = [p.fraction for p in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert [p.used for p in told] == [0.0] * 4 + [0.75] * 5 + [1.0]
    assert slot.device == "cpu"
    assert slot.offers["test/steps"].version == "1"
    assert slot.loaded == {"test/steps"}


@pytest.mark.parametrize(
    ("fail", "code", "kind"),
    [
        ("bad-input", "not-understood", "bad-input"),
        ("permanent", "gate", "permanent"),
        ("retryable", "device-lost", "retryable"),
        ("bug", "engine-error", "retryable"),
        ("memory", "out-of-memory", "retryable"),
    ],
)
async def test_each_kind_of_failure_is_told_apart(slot: Slot, tmp_path: Path, fail: str, code: str, kind: str) -> None:
    outcome = await slot.run(order(tmp_path, fail=fail), lambda _: None)
    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.kind) == (code, kind)
    assert "ZeroDivision" not in outcome.message


@pytest.mark.parametrize("fail", ["exit", "segfault"])
async def test_a_crash_is_an_answer_and_the_next_run_finds_a_new_process(slot: Slot, tmp_path: Path, fail: str) -> None:
    outcome = await slot.run(order(tmp_path, fail=fail), lambda _: None)
    assert isinstance(outcome, Died)
    assert isinstance(await slot.run(order(tmp_path), lambda _: None), Finished)


async def test_an_engine_sees_a_cancellation_at_its_next_check(slot: Slot, tmp_path: Path) -> None:
    in_paint = asyncio.Event()

    def heard(told: Progressed) -> None:
        if told.stage == "paint":
            in_paint.set()

    running = asyncio.create_task(slot.run(order(tmp_path, steps=20, step_s=0.05), heard))
    await in_paint.wait()
    slot.cancel()
    outcome = await asyncio.wait_for(running, 30)
    assert isinstance(outcome, Stopped)
    assert outcome.used == 0.75


async def test_an_engine_that_does_not_listen_is_killed(slot: Slot, tmp_path: Path) -> None:
    began = asyncio.Event()
    running = asyncio.create_task(slot.run(order(tmp_path, deaf=True, step_s=30), lambda _: began.set()))
    await began.wait()
    slot.cancel()
    slot.kill()
    assert isinstance(await asyncio.wait_for(running, 30), Died)
    assert isinstance(await slot.run(order(tmp_path), lambda _: None), Finished)


async def test_a_late_answer_of_an_earlier_run_is_not_taken_for_this_one(slot: Slot, tmp_path: Path) -> None:
    first = asyncio.create_task(slot.run(order(tmp_path, steps=20, step_s=0.05), lambda _: None))
    await slot.ready.wait()
    await asyncio.sleep(0)
    slot.cancel()
    assert isinstance(await first, Stopped)
    assert isinstance(await slot.run(order(tmp_path), lambda _: None), Finished)


async def test_an_engine_that_cannot_be_imported_is_left_out_and_the_others_run(tmp_path: Path) -> None:
    slot = Slot(device="cpu", threads=1, engines=("tests.worker.engine:Missing", ENGINE))
    slot.start()
    try:
        assert isinstance(await slot.run(order(tmp_path), lambda _: None), Finished)
        assert set(slot.offers) == {"test/steps"}
    finally:
        await slot.stop()


async def test_stopping_a_slot_leaves_no_process(slot: Slot) -> None:
    await slot.ready.wait()
    assert slot.pid is not None
    await slot.stop()
    assert not psutil.pid_exists(slot.pid)


PARENT = """
import asyncio, sys
from ml_worker.slot import Slot
async def main():
    slot = Slot(device="cpu", threads=1, engines=("tests.worker.engine:StepEngine",))
    slot.start()
    await slot.ready.wait()
    print(slot.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_child_dies_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        line = next(line for line in parent.stdout if line.strip().isdigit())
        child = psutil.Process(int(line))
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    end = time.monotonic() + 30
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.02)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
