"""The model of the ownership protocol holds, and each rule switched off is caught (docs/ownership-model)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "docs" / "ownership-model" / "check.sh"


@pytest.mark.timeout(1200)
def test_the_protocol_holds_and_every_broken_rule_is_caught() -> None:
    """The long form is part of `make chaos`."""
    missing = [program for program in ("spin", "gcc") if shutil.which(program) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"{' and '.join(missing)} not installed (on Debian and Ubuntu: apt-get install spin gcc)")
    checked = subprocess.run(["bash", str(CHECK)], capture_output=True, text=True, check=False)
    print(checked.stdout, checked.stderr)
    lines = [line.split() for line in checked.stdout.splitlines() if line.startswith(("ok", "WRONG"))]
    assert checked.returncode == 0
    assert [line for line in lines if line[0] == "WRONG"] == []
    assert sum(line[1] == "holds" for line in lines) >= 11
    assert sum(line[1] == "fails" for line in lines) >= 29
