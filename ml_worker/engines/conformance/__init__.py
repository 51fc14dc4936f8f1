"""Does an engine keep its promises? The same checks for `lathe engines check` and for an engine's own tests.

    import pytest
    from ml_worker.engines.conformance import CHECKS, Sample, Suite

    @pytest.fixture(scope="module")
    def suite():
        with Suite(MyEngine, Sample(prompt="a pebble")) as suite:
            yield suite

    @pytest.mark.parametrize("check", CHECKS)
    def test_conforms(suite, check):
        suite.require(check)

or, all at once, `assert_conforms(MyEngine)`.
"""

from collections.abc import Callable

from ml_worker.engines.conformance.checks import CHECKS
from ml_worker.engines.conformance.findings import Finding, Findings
from ml_worker.engines.conformance.sample import Sample
from ml_worker.engines.conformance.suite import LIMIT_S, Suite
from ml_worker.engines.port import Engine

__all__ = ["CHECKS", "LIMIT_S", "Finding", "Findings", "Sample", "Suite", "assert_conforms"]


def assert_conforms(
    make: Callable[[], Engine], sample: Sample | None = None, *, device: str = "cpu", patience: float = 1.0
) -> None:
    """AssertionError that names every promise the engine breaks."""
    with Suite(make, sample, device=device, patience=patience) as suite:
        broken = [f for f in suite.findings().found if f.verdict == "failed"]
    assert not broken, "\n".join(f"{finding.check}: {finding.detail}" for finding in broken)
