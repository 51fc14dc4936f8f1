"""Engines that do not answer as the port says: their run fails and says why, their process goes on."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from ml_worker.answers import Malformed, delivered, finished
from ml_worker.engines.conformance import Suite
from ml_worker.engines.port import Result
from ml_worker.frames import Failed, Finished, Progressed, RunEngine
from ml_worker.local_run import LocalRun
from ml_worker.slot import Died, Slot
from tests.worker.odd import OddEngine

ENGINE = "tests.worker.odd:OddEngine"
WRONG = {
    "none": "run() returned None; a Result is wanted",
    "dict": "run() returned a value of the type dict",
    "no-metric": "the metric 'a' is None; a number is wanted",
    "words-metric": "the metric 'a' is a value of the type str",
    "no-report": "`report` is None; a dict is wanted",
    "no-ignored": "`ignored` is None; a tuple is wanted",
    "ignored-words": "`ignored` is a value of the type str",
    "object-report": "`report` has values that are not JSON: a value of the type object",
    "huge-report": "it does not fit a frame",
    "endless-report": "`report` has values that are not JSON",
    "half-a-letter": "it does not fit a frame",
    "plain-file": "`files` has a value of the type dict; each is a Made",
    "no-path": "a file's path is None",
    "no-files": "the formats ['glb'] were asked for and are not in the result ([])",
    "other-format": "the formats ['glb'] were asked for",
    "twice": "a format twice",
    "empty": "glb: there is nothing in other.glb",
    "missing": "glb: there is nothing in nowhere.glb",
    "outside": "glb: its file is not in the run's folder",
    "link": "glb: its file is not in the run's folder",
}
"""How the result is wrong, and what is said of it."""


@asynccontextmanager
async def started() -> AsyncIterator[Slot]:
    slot = Slot(device="cpu", threads=1, engines=(ENGINE,))
    slot.start()
    try:
        yield slot
    finally:
        await slot.stop()


@pytest.fixture
async def slot() -> AsyncIterator[Slot]:
    async with started() as slot:
        yield slot


def order(folder: Path, how: str | None) -> RunEngine:
    return RunEngine(
        run=0,
        engine="test/odd",
        prompt="a mug",
        files=(),
        params={"how": how, "formats": ["glb"]},
        seed=7,
        folder=str(folder / str(how)),
        checkpoints=str(folder / "stages"),
    )


async def test_a_result_that_cannot_be_taken_is_refused_and_the_process_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with started() as slot:
        await slot.ready.wait()
        pid = slot.pid
        for how, words in WRONG.items():
            outcome = await slot.run(order(tmp_path, how), lambda _: None)
            assert isinstance(outcome, Failed), how
            assert (outcome.code, outcome.kind) == ("engine-error", "permanent"), how
            assert words in outcome.message, how
        assert isinstance(await slot.run(order(tmp_path, None), lambda _: None), Finished)
        assert slot.pid == pid
    out, err = capfd.readouterr()
    assert (out + err).count("the result of an engine cannot be used") == len(WRONG)


async def test_where_no_format_can_be_asked_for_the_answer_may_be_the_report(slot: Slot, tmp_path: Path) -> None:
    await slot.ready.wait()
    wanted = msgspec.structs.replace(order(tmp_path, "no-files"), params={"how": "no-files"})
    outcome = await slot.run(wanted, lambda _: None)
    assert isinstance(outcome, Finished)
    assert outcome.files == ()


async def test_whatever_an_engine_raises_fails_its_run_only(slot: Slot, tmp_path: Path) -> None:
    await slot.ready.wait()
    pid = slot.pid
    for how, code, kind, words in (
        ("cancelled", "engine-error", "retryable", "failed unexpectedly"),
        ("interrupted", "engine-error", "retryable", "failed unexpectedly"),
        ("no-stage", "engine-error", "retryable", "failed unexpectedly"),
        ("refuses", "too-blue", "bad-input", "It is too blue."),
        ("no-code", "engine-error", "bad-input", "It is too blue."),
        ("bare", "engine-error", "permanent", ""),
    ):
        outcome = await slot.run(order(tmp_path, how), lambda _: None)
        assert isinstance(outcome, Failed), how
        assert (outcome.code, outcome.kind) == (code, kind), how
        assert words in outcome.message
    assert slot.pid == pid


async def test_a_process_that_says_what_cannot_be_read_is_ended_and_that_is_logged(
    slot: Slot, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(await slot.run(order(tmp_path, "garbage"), lambda _: None), Died)
    assert isinstance(await slot.run(order(tmp_path, None), lambda _: None), Finished)
    out, err = capfd.readouterr()
    assert "cannot be read; it is ended" in out + err


async def test_what_an_engine_prints_is_in_no_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with started() as slot:
        assert isinstance(await slot.run(order(tmp_path, "prints"), lambda _: None), Finished)
    out, err = capfd.readouterr()
    assert "the person's words" not in out + err
    assert "the engine's own line" in out


async def test_numbers_of_numpy_are_numbers(slot: Slot, tmp_path: Path) -> None:
    told: list[Progressed] = []
    outcome = await slot.run(order(tmp_path, "numpy"), told.append)
    assert isinstance(outcome, Finished)
    assert outcome.report == {"faces": 12, "volume": 0.5, "closed": True, "by": {"7": 1.0}}
    assert (outcome.understood, outcome.metrics) == ({"size": [0.25]}, {"faces": 12.0})
    assert [(p.stage, p.fraction) for p in told] == [("shape", 0.5)]


async def test_numbers_that_are_not_finite_do_not_get_out(slot: Slot, tmp_path: Path) -> None:
    outcome = await slot.run(order(tmp_path, "not-finite"), lambda _: None)
    assert isinstance(outcome, Finished)
    assert (outcome.report, outcome.metrics) == ({"wall": None}, {"c": 1.0})


class Wrong(OddEngine):
    """As `how` says, for the conformance suite, which chooses the parameters."""

    how = ""

    def run(self, inputs, params, run):  # type: ignore[no-untyped-def]
        return super().run(inputs, {"how": self.how}, run)


@pytest.mark.parametrize("how", ["none", "no-metric", "object-report", "no-ignored", "twice", "not-finite"])
def test_what_a_worker_would_not_take_does_not_conform(how: str) -> None:
    with Suite(type("Wrong", (Wrong,), {"how": how})) as suite:
        finding = suite.check("result")
    assert finding.verdict == "failed"
    assert WRONG.get(how, "are not finite") in finding.detail


def test_what_conforms_is_taken_by_a_worker(tmp_path: Path) -> None:
    with Suite(type("Wrong", (Wrong,), {"how": "numpy"})) as suite:
        assert suite.check("result").verdict == "passed"
        assert [step.fraction for step in suite.first.run.told] == [0.5]
    told: list[dict[str, object]] = []
    run = LocalRun(7, tmp_path, (("shape", 1.0),), told.append)
    OddEngine.WAYS["numpy"](Result(files=(), report={}, understood={}), run)
    assert [type(step["progress"]) for step in told] == [float]
    with pytest.raises(TypeError, match="the stage is None"):
        run.progress(None, 0.5)  # type: ignore[arg-type]


def test_a_file_beside_the_folder_is_outside_of_it(tmp_path: Path) -> None:
    run = LocalRun(7, tmp_path / "run", ())
    run.folder.mkdir()
    (tmp_path / "run-2").mkdir()
    result = OddEngine().run(None, {}, LocalRun(7, tmp_path / "run-2", ()))  # type: ignore[arg-type]
    assert math.isclose(finished(1, result).metrics["faces"], 12)
    with pytest.raises(Malformed, match="not in the run's folder"):
        delivered(1, result, run.folder, ())
