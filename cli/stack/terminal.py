"""Where `lathe up` writes. A reader that has gone, or a full disk, ends the output and nothing else."""

import io
import os
import sys
from contextlib import suppress
from typing import IO, Any, cast

from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """One whose output never raises."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=cast(IO[str], _Unfailing(stream)) if stream is not None else None, stderr=stderr)


class _Unfailing:
    """A stream; after its first failure a way to nowhere. The parts' logs have what they said."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):  # parts say what the terminal's encoding may not have
            stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """What is still in the stream's buffer goes nowhere too, so that the end of the program does not fail by it."""
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
