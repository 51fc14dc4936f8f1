"""The documentation is whole: it builds without a warning, and what its tables name exists."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
FETCHED: Final = re.compile(r"<(?:script|img|link rel=.stylesheet.)[^>]+(?:src|href)=.?https?://")
NAMED: Final = re.compile(r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`")


@pytest.mark.timeout(180)
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "true"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stdout + built.stderr) == (0, "")
    pages = {page.relative_to(tmp_path / "site").as_posix(): page for page in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "reference/settings.html", "reference/events.html", "reference/problems.html"} <= set(pages)
    for name, page in pages.items():
        assert not FETCHED.search(page.read_text()), f"{name} fetches something from elsewhere"
    told = pages["reference/settings.html"].read_text()
    assert "kept in &lt;LATHE_HOME&gt;/admin-password" in told, "what stands in angle brackets is no tag"


@pytest.mark.parametrize("page", ["requirements.md", "bad-inputs.md"])
def test_every_test_that_a_page_names_exists(page: str) -> None:
    named = NAMED.findall((ROOT / "docs" / page).read_text())
    assert named
    for path, function in named:
        place = ROOT / path
        assert place.exists(), path
        if function:
            assert function in _functions_of(place), f"{path}::{function}"


def test_the_readmes_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())
    assert len(links) > 15
    for link in links:
        assert link.startswith("http") or (ROOT / link).exists(), link


def _functions_of(path: Path) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, functions)}
