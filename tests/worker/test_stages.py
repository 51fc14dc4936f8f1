"""Saved stages: kept in the object store while a run goes on, brought back for the next attempt, gone at the end."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.ids import new_id
from domain.runs.events import RunCancelled, RunCheckpointed, RunFailed, RunProgressed, RunSucceeded
from ml_worker.checkpoints import Checkpoints
from tests.worker.workplace import SIGNED, TOKEN, Workplace

SHAPE = b"a shape that took long"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Workplace]:
    async with Workplace(tmp_path).open() as place:
        yield place


async def test_the_next_attempt_goes_on_from_what_the_first_saved(place: Workplace) -> None:
    task_id = new_id()
    await place.give(task_id, params={"save": True, "fail": "segfault", "fail_in": "paint", "step_s": 0.3})
    (failed,) = await place.until(RunFailed)
    assert failed.problem.kind == "retryable"
    (kept,) = place.events(RunCheckpointed)
    assert (kept.stage, kept.bytes, kept.sha256) == ("shape.bin", len(SHAPE), hashlib.sha256(SHAPE).hexdigest())
    assert (kept.sequence, failed.sequence) == (2, 3)
    assert place.api.stages == {(task_id, "shape.bin"): SHAPE}

    await place.give(task_id, 2, params={})
    (done,) = await place.until(RunSucceeded)
    glb = next(output for output in done.outputs if output.format == "glb")
    assert place.api.stored(glb.sha256)["resumed"] == SHAPE.decode()
    assert place.api.stages == {}


@pytest.mark.parametrize("fail", ["permanent", "bad-input"])
async def test_stages_are_forgotten_when_no_attempt_follows(place: Workplace, fail: str) -> None:
    await place.give(params={"save": True, "fail": fail, "fail_in": "paint", "step_s": 0.3})
    await place.until(RunFailed)
    assert place.api.stages == {}


async def test_a_cancelled_run_leaves_no_stages(place: Workplace) -> None:
    run = await place.give(params={"save": True, "step_s": 0.3})
    await place.until(RunCheckpointed)
    await place.until(RunProgressed, stage="paint")
    await place.scheduler.revoke(run, "cancelled")
    await place.until(RunCancelled)
    assert place.api.stages == {}


async def test_a_store_that_refuses_is_named_in_the_log_without_what_opens_it(
    place: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    place.api.stage_status = 403
    task_id = new_id()
    await place.give(task_id, params={"save": True, "step_s": 0.3})
    await place.until(RunSucceeded)
    place.api.stages[task_id, "shape.bin"] = SHAPE
    await place.give(task_id, 2)
    await place.until(RunSucceeded, 2)
    told = "".join(capfd.readouterr())
    assert "a stage was not kept" in told
    assert "saved stages were not fetched" in told
    assert "status 403" in told
    assert SIGNED[1:] not in told
    assert TOKEN not in told


async def test_another_task_sees_nothing_of_it(place: Workplace) -> None:
    place.api.stages[new_id(), "shape.bin"] = SHAPE
    await place.give(new_id(), 2, params={})
    (done,) = await place.until(RunSucceeded)
    glb = next(output for output in done.outputs if output.format == "glb")
    assert place.api.stored(glb.sha256)["resumed"] is None
    assert len(place.api.stages) == 1


async def test_a_deadline_that_the_engine_sees_first_is_still_a_deadline(place: Workplace) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=1)
    await place.give(params={"steps": 400, "step_s": 0.05}, deadline=deadline.isoformat())
    (failed,) = await place.until(RunFailed)
    assert (failed.problem.code, failed.problem.kind) == ("deadline-passed", "deadline")


def test_stages_have_names_that_cannot_leave_their_folder(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "stages")
    for name in ("", "..", "../x", "a/b", ".hidden", "x" * 65, "A", "a\n", "a~"):
        with pytest.raises(ValueError, match="a stage is named"):
            kept.save(name, b"x")
    kept.save("latents-1.bin", b"one")
    kept.save("latents-1.bin", b"two")
    assert kept.load("latents-1.bin") == b"two"
    assert kept.load("mesh") is None
    assert kept.names() == ["latents-1.bin"]
    for number in range(31):
        kept.save(f"s{number}", b"")
    with pytest.raises(ValueError, match="at most 32"):
        kept.save("one-more", b"")
