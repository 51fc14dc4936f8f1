"""docs/bad-inputs.md names tests that exist, and leaves out no case of the first release."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIRST_RELEASE = {*range(15, 18), 22, 23, *range(29, 37), *range(43, 49), 50, 51, *range(54, 58), 60, 61}
ROW = re.compile(r"\| (?P<case>\d+) [^|]+ \| [^|]+ \| (?P<tests>[^|]+) \|")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.fixture(scope="module")
def named() -> dict[int, list[tuple[str, str]]]:
    rows = [ROW.fullmatch(line) for line in (ROOT / "docs/bad-inputs.md").read_text().splitlines()]
    return {int(row["case"]): TEST.findall(row["tests"]) for row in rows if row is not None}


def functions_of(path: Path) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, functions)}


def test_every_case_has_a_test(named: dict[int, list[tuple[str, str]]]) -> None:
    assert set(named) >= FIRST_RELEASE
    assert all(named.values())


def test_every_test_that_is_named_exists(named: dict[int, list[tuple[str, str]]]) -> None:
    wanted: dict[str, set[str]] = {}
    for tests in named.values():
        for path, name in tests:
            wanted.setdefault(path, set()).add(name)
    for path, names in wanted.items():
        assert (ROOT / path).is_file(), path
        assert names - functions_of(ROOT / path) == set(), path
