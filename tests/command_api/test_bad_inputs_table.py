"""docs/bad-inputs.md names tests that exist, and leaves out no case that applies."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPLY = set(range(14, 65))
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
    assert set(named) >= APPLY
    assert all(named.values())


def test_every_test_that_is_named_exists(named: dict[int, list[tuple[str, str]]]) -> None:
    wanted: dict[str, set[str]] = {}
    for tests in named.values():
        for path, name in tests:
            wanted.setdefault(path, set()).add(name)
    for path, names in wanted.items():
        assert (ROOT / path).is_file(), path
        assert names - functions_of(ROOT / path) == set(), path
