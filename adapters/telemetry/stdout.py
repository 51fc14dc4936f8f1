"""Where log lines go: stdout, a line with its end in one write, so that processes may share a file."""

import contextlib
import os
import sys
import threading
from typing import Any, TextIO

_apart: TextIO | None = None


def stdout_apart(others: int) -> TextIO:
    """What stdout was, for the caller alone: what anything else of this process prints there goes to the file `others`.

    For processes that run foreign code, and before `configure_logging`: log lines go where they went.
    """
    global _apart
    sys.stdout.flush()
    _apart = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(others, 1)
    return _apart


def log_stream() -> TextIO:
    return _apart or sys.stdout


class StdoutLogger:
    """What structlog wraps. `name`: the module that logs."""

    __slots__ = ("name",)
    _lock = threading.Lock()

    def __init__(self, name: str) -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Never raises: on a full disk a line is lost, not what was about to be done."""
        with self._lock, contextlib.suppress(OSError):
            stream = log_stream()
            stream.write(line + "\n")
            stream.flush()

    debug = info = warning = error = critical = msg


def stdout_logger(*names: Any) -> StdoutLogger:
    """A factory for structlog: `structlog.get_logger(__name__)` gives the name."""
    return StdoutLogger(str(names[0]) if names else "lathe")
