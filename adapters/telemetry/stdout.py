"""Where log lines go: stdout, a line with its end in one write, so that processes may share a file."""

import contextlib
import sys
import threading
from typing import Any


class StdoutLogger:
    """What structlog wraps. `name`: the module that logs."""

    __slots__ = ("name",)
    _lock = threading.Lock()

    def __init__(self, name: str) -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Never raises: on a full disk a line is lost, not what was about to be done."""
        with self._lock, contextlib.suppress(OSError):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    debug = info = warning = error = critical = msg


def stdout_logger(*names: Any) -> StdoutLogger:
    """A factory for structlog: `structlog.get_logger(__name__)` gives the name."""
    return StdoutLogger(str(names[0]) if names else "lathe")
