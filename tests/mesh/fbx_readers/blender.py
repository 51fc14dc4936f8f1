"""Blender as a Python module, in an environment of its own under `build/`: `python -m tests.mesh.fbx_readers.blender`.

`LATHE_BLENDER_PYTHON` names another interpreter that has `bpy`.
"""

import os
import subprocess
from pathlib import Path

from cli.stack.s3 import packaged_program

FOLDER = Path(__file__).parents[3] / "build" / "blender"
WANTED = "bpy==4.5.*"
COMMAND = "python -m tests.mesh.fbx_readers.blender"


def interpreter() -> Path | None:
    """The interpreter that has bpy; None where there is none yet."""
    given = os.environ.get("LATHE_BLENDER_PYTHON")
    found = Path(given) if given else FOLDER / "bin" / "python"
    return found if found.exists() else None


def install() -> Path:
    """Raises CalledProcessError where bpy cannot be had (it is 330 MB, for Python 3.11 alone)."""
    found = interpreter()
    if found is None:
        uv = packaged_program("uv")
        subprocess.run([uv, "venv", "-q", "--python", "3.11", FOLDER], check=True)
        env = os.environ | {"VIRTUAL_ENV": str(FOLDER)}
        subprocess.run([uv, "pip", "install", "-q", WANTED], check=True, env=env)
        found = FOLDER / "bin" / "python"
    return found


if __name__ == "__main__":
    print(install())
