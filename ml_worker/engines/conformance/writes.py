"""Seeing where an engine writes: Python's audit events (PEP 578) of this process while a run goes on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_CHANGES: Final = {
    "os.mkdir": (0,), "os.rmdir": (0,), "os.remove": (0,), "os.truncate": (0,), "os.rename": (0, 1),
    "os.link": (1,), "os.symlink": (1,), "os.chmod": (0,), "os.utime": (0,),
    "shutil.copyfile": (1,), "shutil.move": (0, 1), "shutil.rmtree": (0,), "sqlite3.connect": (0,),
}  # fmt: skip
"""Audit events that change files, and which of their arguments are the paths."""
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_HARMLESS: Final = ("/dev/", "/proc/")
_watchers: list[list[Path]] = []
_hooked = False


@contextmanager
def writes_outside(*allowed: Path) -> Iterator[list[Path]]:
    """Collects paths outside `allowed` that are written to in this block, by Python code of any thread.

    Byte code caches and devices do not count. What native code writes by itself is not seen.
    """
    global _hooked
    if not _hooked:
        sys.addaudithook(_hear)  # It stays for ever, so there is one, which listens only while somebody asks.
        _hooked = True
    seen: list[Path] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)
        inside = [folder.resolve() for folder in allowed]
        seen[:] = [path for path in dict.fromkeys(seen) if not any(path.is_relative_to(folder) for folder in inside)]


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watchers:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & _WRITING)
        paths = [path] if writes else []
    else:
        paths = [arguments[i] for i in _CHANGES.get(event, ())]
    for path in paths:
        if isinstance(path, str | bytes | os.PathLike):
            _note(os.fsdecode(path))


def _note(name: str) -> None:
    path = Path(os.path.realpath(name))
    if str(path).startswith(_HARMLESS) or "__pycache__" in path.parts or path.suffix in (".pyc", ".pyo"):
        return
    for seen in _watchers:
        seen.append(path)
