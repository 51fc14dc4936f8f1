"""Other people's readers of FBX, each in a process of its own, and what they say a file holds."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mesh.fbx_readers.blender import COMMAND, interpreter

FOLDER = Path(__file__).parent
READERS = ("ufbx", "assimp", "blender")
WITHOUT_BLENDER = pytest.mark.skipif(interpreter() is None, reason=f"Blender is not installed here: {COMMAND}")
BLENDER = pytest.param("blender", marks=WITHOUT_BLENDER)
by_every_reader = pytest.mark.parametrize("reader", ["ufbx", "assimp", BLENDER])

Seen = dict[str, Any]
"""`corners`, `normals` (F, 3, 3) in metres with Y up; `uvs` (F, 3, 2), origin top left; `part` (F,) into `parts`
(names), `roughness`, `metallic`, `opacity`, `factor` (of the colour); bytes `color` and `normal` where told."""


def read(reader: str, paths: Sequence[Path]) -> list[Seen]:
    """One entry a file. Raises AssertionError with what the reader said when it could not read one."""
    python = interpreter() if reader == "blender" else Path(sys.executable)
    assert python is not None, "Blender is not installed here"
    command = [python, FOLDER / f"with_{reader}.py", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{reader} ended with {done.returncode}: {done.stderr[-2000:]}"
    return [_loaded(Path(f"{path}.{reader}.npz")) for path in paths]


def _loaded(path: Path) -> Seen:
    with np.load(path) as file:
        seen = dict(file)
    path.unlink()
    for key in ("color", "normal"):
        if key in seen:
            seen[key] = seen[key].tobytes()
    return seen
