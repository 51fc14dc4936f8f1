"""A minute or two of chaos against the whole service. The long form: `make chaos` (docs/reports/chaos.md)."""

from pathlib import Path

import pytest

from tests.chaos.run import Orders, play, tell

ORDERS = Orders(seconds=60, faults=20, commands=1_000, least_faults=8, seed=11, between_s=(0.2, 1.5), disk_mb=700)


@pytest.mark.timeout(2400)
def test_no_anomaly_whatever_is_done_to_the_service(tmp_path: Path) -> None:
    outcome = play(ORDERS, tmp_path, tell)
    print("\n".join(outcome.lines()))
    assert outcome.anomalies == []
    kinds = {fault.kind for fault in outcome.faults}
    assert {"frozen", "killed", "slow line", "line reset", "line half open", "line held and released"} <= kinds
    assert outcome.commands >= 100
    assert outcome.reads >= 10
