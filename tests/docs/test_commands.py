"""The commands in the documentation, run as they stand: every `bash` block, page by page, against a running Lathe.

Blocks marked `sh` are shown but not run: they would start or stop what the tests run on.
"""

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Final

import pytest

from tests.system.stack import ADMIN_PASSWORD, Stack
from tests.system.test_main_job import photo

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
BLOCK: Final = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED: Final = re.compile(r"^    (.*)$", re.MULTILINE)
PYTHON: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES: Final = (
    *("follow-live.md", "photos.md", "batch-fork-retry.md", "webhooks.md", "external-parts.md", "operate.md"),
    "erase-a-user.md",
)


def script(*pages: Path) -> str:
    return "\n".join(block for page in pages for block in BLOCK.findall(page.read_text()))


def run(text: str, stack: Stack, folder: Path) -> str:
    """What the script prints; a command that fails ends it. Every page has users of its own."""
    user = uuid.uuid4().hex[:8]
    for name in ("ada", "grace"):
        text = text.replace(f'"{name}"', f'"{name}-{user}"').replace(f"={name} ", f"={name}-{user} ")
    text = text.replace("http://localhost:8080", stack.url)
    (folder / "photo.jpg").write_bytes(photo())
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LATHE_HOME": str(stack.home),
        "LATHE_PORT": str(stack.port),
        "LATHE_ADMIN_PASSWORD": ADMIN_PASSWORD,
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.timeout(240)
def test_the_tutorial(stack: Stack, tmp_path: Path) -> None:
    told = run(script(DOCS / "tutorial" / "first-model.md"), stack, tmp_path)
    assert "watertight: True" in told
    assert '"pointer":"/params/colour"' in told
    for model in ("mug.glb", "chair.glb"):
        assert (tmp_path / model).read_bytes()[:4] == b"glTF"


@pytest.mark.timeout(240)
def test_the_readmes_tour(stack: Stack, tmp_path: Path) -> None:
    tour = (ROOT / "README.md").read_text().partition("## A tour with curl")[2].partition("\n## ")[0]
    told = run("\n".join(INDENTED.findall(tour)), stack, tmp_path)
    assert '"status":4' not in told
    assert told.count('"task_id"') >= 3
    assert (tmp_path / "chair.glb").read_bytes()[:4] == b"glTF"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", PAGES)
def test_a_how_to(page: str, stack: Stack, tmp_path: Path) -> None:
    assert run(script(DOCS / "how-to" / "index.md", DOCS / "how-to" / page), stack, tmp_path)


@pytest.mark.timeout(120)
def test_reading_the_log(stack: Stack, tmp_path: Path) -> None:
    (program,) = PYTHON.findall((DOCS / "how-to" / "read-the-log.md").read_text())
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program.replace("localhost:9092", stack.kafka_url)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "lathe/form" in done.stdout
