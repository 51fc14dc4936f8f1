"""What a process that was killed has left in the temporary folder: it may hold somebody's photos."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

SPOOL: Final = "lathe-spool-"
"""Files that are being received."""


def own_prefix(kind: str) -> str:
    """How names of this process's temporary files and folders of a kind begin."""
    return f"{kind}{os.getpid()}-"


def remove_left(kind: str) -> int:
    """Remove those whose process is gone. Returns how many there were."""
    removed = 0
    for left in Path(tempfile.gettempdir()).glob(f"{kind}*"):
        owner = re.match(rf"{re.escape(kind)}(\d+)-", left.name)
        if owner is None or _lives(int(owner[1])):
            continue
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
        removed += 1
    return removed


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
