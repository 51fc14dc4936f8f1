"""The stages that a run saved: files in a folder of their own, which the worker carries to the object store."""

import re
from pathlib import Path
from typing import Final

MOST_STAGES: Final = 32
MOST_BYTES: Final = 512 * 1024 * 1024
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def require_stage_name(name: str) -> str:
    """Raises ValueError for what could not be a file's and an object's name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"a stage is named with a-z, 0-9, '-', '.' and '_', at most 64 of them: {name!r}")
    return name


class Checkpoints:
    """`folder` is made when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, name: str, content: bytes) -> Path:
        """Whole or not at all. Raises ValueError for a bad name, too many stages, or too large a one."""
        path = self._folder / require_stage_name(name)
        if len(content) > MOST_BYTES:
            raise ValueError(f"stage {name} has {len(content)} bytes; {MOST_BYTES} is the most")
        if not path.exists() and len(self.names()) >= MOST_STAGES:
            raise ValueError(f"a run saves at most {MOST_STAGES} stages")
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{name}~")
        part.write_bytes(content)
        part.replace(path)
        return path

    def load(self, name: str) -> bytes | None:
        """Raises ValueError for a bad name."""
        try:
            return (self._folder / require_stage_name(name)).read_bytes()
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """In alphabetical order."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if not path.name.endswith("~"))
