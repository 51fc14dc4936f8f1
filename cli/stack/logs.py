"""Logs of the parts: one file each, rotated by size while the part goes on writing."""

import shutil
from pathlib import Path
from typing import Final

LARGEST_BYTES: Final = 20_000_000
KEPT: Final = 3


def log_file(folder: Path, part: str) -> Path:
    return folder / f"{part}.log"


def rotate(log: Path, largest: int = LARGEST_BYTES, kept: int = KEPT) -> bool:
    """Copy a log that grew too large to `<log>.1` and empty it; older copies move up. True when it was rotated.

    Parts write in append mode, so they go on at the start of the emptied file. What is written between the copy and
    the emptying is lost: a few lines at most, once in 20 MB.
    """
    if not log.exists() or log.stat().st_size < largest:
        return False
    for number in range(kept, 1, -1):
        older = log.with_name(f"{log.name}.{number - 1}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    with log.open("r+b") as file:
        file.truncate(0)
    return True
