"""The long form is `python -m tests.system.conformance`."""

from pathlib import Path

import pytest

from tests.system import conformance
from tests.system.stack import Stack


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", conformance.ROLES)
def test_no_server_error_and_no_undeclared_answer(stack: Stack, role: str, tmp_path: Path) -> None:
    answers, found = conformance.play(stack.url, role, 3, tmp_path)
    assert not found, found[-12000:]
    assert answers.get("4xx", 0) > 50
    assert role == "nobody" or answers.get("2xx", 0) > 20
