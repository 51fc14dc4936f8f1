"""The how-to "Add a field, add an event", done as it stands in a copy of the sources: its diffs, and its commands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "how-to" / "change-an-event.md"
BLOCK: Final = re.compile(r"^```(bash|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED: Final = ("domain", "adapters", "command_api", "query_api", "processors", "cli", "docs/events", "tests/golden",
                 "tests/evolution")  # fmt: skip
FILES: Final = ("pyproject.toml", "docs/asyncapi.yaml", "tests/__init__.py")
LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "node_modules")


@pytest.mark.timeout(400)
def test_every_step_does_what_the_page_says(tmp_path: Path) -> None:
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=LEFT_OUT)
    for file in FILES:
        shutil.copy(ROOT / file, tmp_path / file)
    blocks = BLOCK.findall(PAGE.read_text())
    assert [language for language, _ in blocks].count("diff") == 3
    told = "".join(apply(text, tmp_path) if kind == "diff" else run(text, tmp_path) for kind, text in blocks)
    assert "lathe.task.started.v1 (revision 1) `device`: optional field added" in told
    assert "tests/golden/lathe.task.started.v1/2.json is missing" in told
    assert "lathe.account.flagged.v1: new event: deploy what reads it before what writes it" in told
    assert "lathe.credits.forfeited.v1 (revision 1) `amount`: renamed to `released`" in told
    assert not (tmp_path / "docs/events/history/lathe.credits.forfeited.v1/2.schema.json").exists()


def apply(diff: str, folder: Path) -> str:
    """Only the text around a change says where it belongs: line numbers would be stale soon."""
    found = ""
    for part in re.split(r"^(?=--- )", diff, flags=re.MULTILINE)[1:]:
        name = part.splitlines()[1].removeprefix("+++ b/")
        before, after = "", ""
        for line in part.splitlines(keepends=True)[3:]:
            before += line[1:] if line[0] in " -" else ""
            after += line[1:] if line[0] in " +" else ""
        text = (folder / name).read_text()
        assert text.count(before) == 1, f"{name} has no such place, or several:\n{before}"
        (folder / name).write_text(text.replace(before, after))
        found += f"{name} changed\n"
    return found


def run(script: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
