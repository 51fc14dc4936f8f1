"""The conformance suite: engines that keep their promises pass, and each broken promise is found by its own check."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_worker.engines.conformance import CHECKS, LIMIT_S, Sample, Suite, assert_conforms
from ml_worker.engines.form import FormEngine
from ml_worker.engines.relief import ReliefEngine
from tests.plugins import blocks

PATIENT = 15.0
"""Tests share their machine: an engine may take longer to stop than on a quiet one."""


@pytest.fixture(scope="module", params=[FormEngine, ReliefEngine])
def built_in(request: pytest.FixtureRequest) -> Iterator[Suite]:
    with Suite(request.param, Sample(prompt="a red mug"), patience=PATIENT) as suite:
        yield suite


@pytest.mark.parametrize("check", CHECKS)
def test_the_built_in_engines_keep_their_promises(built_in: Suite, check: str) -> None:
    built_in.require(check)


def test_an_engine_that_uses_everything_passes_everything() -> None:
    begun: dict[str, float] = {}
    with Suite(blocks.BlockEngine, patience=PATIENT) as suite:
        findings = suite.findings(on_begin=begun.__setitem__)
    assert [(f.check, f.verdict, f.detail) for f in findings.found if f.verdict != "passed"] == []
    assert (findings.engine, findings.conforms) == ("test/block", True)
    assert tuple(f.check for f in findings.found) == tuple(CHECKS)
    assert begun == dict.fromkeys(CHECKS, LIMIT_S * PATIENT)


@pytest.mark.parametrize(
    ("engine", "check", "words"),
    [
        (blocks.Wavering, "description", "must stand still"),
        (blocks.HeavyStages, "description", "sum to 1.2"),
        (blocks.Unbounded, "parameters", "anything"),
        (blocks.Forgetful, "result", "'stl'"),
        (blocks.Open, "meshes", "not watertight"),
        (blocks.InsideOut, "meshes", "volume is not positive"),
        (blocks.Backwards, "progress", "went back"),
        (blocks.Moody, "determinism", "run.seed"),
        (blocks.Stateful, "determinism", "keep no state"),
        (blocks.Fickle, "determinism", "report came out different"),
        (blocks.Crashing, "errors", "KeyError"),
        (blocks.Deaf, "cancellation", "never called check_cancel"),
        (blocks.Swallowing, "cancellation", "went on to a result"),
        (blocks.Blind, "deadline", "call check_cancel()"),
        (blocks.Careless, "checkpoints", "other outputs"),
        (blocks.Leaking, "leftovers", "1 threads"),
        (blocks.Hoarding, "leftovers", "MB of memory"),
    ],
)
def test_a_broken_promise_is_found(engine: type[blocks.BlockEngine], check: str, words: str) -> None:
    with Suite(engine, patience=0.1 if engine is blocks.Blind else PATIENT) as suite:
        finding = suite.check(check)
    assert finding.verdict == "failed"
    assert words in finding.detail


def test_a_file_written_elsewhere_is_found(tmp_path: Path) -> None:
    blocks.Elsewhere.folder = tmp_path
    with Suite(blocks.Elsewhere) as suite:
        finding = suite.check("scratch")
    assert finding.verdict == "failed"
    assert str(tmp_path / "cache.bin") in finding.detail


def test_all_broken_promises_are_named_at_once() -> None:
    with pytest.raises(AssertionError, match=r"(?s)meshes: .*not watertight"):
        assert_conforms(blocks.Open, patience=PATIENT)


def test_an_engine_that_cannot_even_be_made_is_a_finding() -> None:
    def broken() -> blocks.BlockEngine:
        raise OSError("no weights here")

    with Suite(broken) as suite:
        findings = suite.findings()
    assert [(f.check, f.verdict) for f in findings.found] == [("description", "failed")]
    assert "no weights here" in findings.found[0].detail
