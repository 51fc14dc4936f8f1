"""Some chaos. The long form: `python -m tests.log.chaos --seconds 600` (docs/reports/ownership-chaos.md)."""

import pytest

from tests.log.chaos import play


@pytest.mark.timeout(600)
def test_no_anomaly_whatever_is_frozen_killed_or_cut_off() -> None:
    report = play(seconds=40, seed=20, faults=8, applied=1_000)
    print("\n".join(report.lines()))
    assert report.anomalies == []
