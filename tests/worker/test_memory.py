"""Engines that do not fit into memory together: what was used longest ago makes room."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ml_worker.frames import Failed, Finished, RunEngine
from ml_worker.slot import Outcome, Slot

ENGINES = tuple(f"tests.worker.hungry:{name}" for name in ("Hungry", "HungryB", "HungryC", "TooHungry"))


@pytest.fixture
async def slot() -> AsyncIterator[Slot]:
    slot = Slot(device="cpu", threads=1, engines=ENGINES)
    slot.start()
    yield slot
    await slot.stop()


async def made(slot: Slot, folder: Path, engine: str, **params: Any) -> Outcome:
    order = RunEngine(
        run=0,
        engine=f"test/{engine}",
        prompt="a mug",
        files=(),
        params=params,
        seed=7,
        folder=str(folder),
        checkpoints=str(folder / "stages"),
    )
    return await slot.run(order, lambda _: None)


async def test_the_engine_used_longest_ago_makes_room(slot: Slot, tmp_path: Path) -> None:
    for engine, loaded in (("a", {"a"}), ("b", {"a", "b"}), ("a", {"a", "b"}), ("c", {"a", "c"}), ("b", {"b", "c"})):
        outcome = await made(slot, tmp_path, engine)
        assert isinstance(outcome, Finished)
        assert slot.loaded >= {f"test/{one}" for one in loaded}, engine
    assert slot.loaded == {"test/b", "test/c"}
    assert set(slot.offers) >= {"test/a", "test/b", "test/c"}


async def test_what_is_not_wanted_yet_pushes_nothing_out(slot: Slot, tmp_path: Path) -> None:
    async with asyncio.timeout(30):
        while slot.loaded != {"test/a", "test/b"}:
            await asyncio.sleep(0.01)
    assert isinstance(await made(slot, tmp_path, "a"), Finished)
    assert slot.loaded == {"test/a", "test/b"}
    assert set(slot.offers) >= {"test/a", "test/b", "test/c"}


async def test_a_run_that_finds_no_memory_has_it_at_the_next_attempt(slot: Slot, tmp_path: Path) -> None:
    for engine in ("a", "b"):
        assert isinstance(await made(slot, tmp_path, engine), Finished)
    outcome = await made(slot, tmp_path, "b", more=1)
    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.kind) == ("out-of-memory", "retryable")
    outcome = await made(slot, tmp_path, "b", more=1)
    assert isinstance(outcome, Finished)
    assert outcome.report == {"taken": 2}
    assert slot.loaded == {"test/b"}


async def test_what_fits_nowhere_is_said_and_the_others_go_on(slot: Slot, tmp_path: Path) -> None:
    outcome = await made(slot, tmp_path, "huge")
    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.kind) == ("engine-unusable", "retryable")
    assert "test/huge" not in slot.offers
    assert isinstance(await made(slot, tmp_path, "c"), Finished)
