"""What an export has done so far: kept in one file beside its output, replaced as a whole at each commit.

Order of a commit: what was written is made durable, then this file says that it counts, then it is shown under its
name. Whatever dies in between, the next run knows what counts (`mark`) and takes away what does not.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from adapters.kafka.analysis import Selection, WrongBookmark
from adapters.kafka.analysis.bookmark import Place, replace
from adapters.kafka.cluster import LogIdentity
from adapters.kafka.position import TP, Position
from cli.client.failures import Misused

VERSION: Final = 1


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content."""

    asked: dict[str, str]
    """The options as they were given: a later run must want the same."""
    selection: Selection
    """What they meant at the first run: `7d` is counted from then."""
    place: Place | None
    """None: it was begun, and nothing counts yet."""
    events: int
    mark: int
    """How much of the output counts: files of a folder, or bytes of a file."""
    version: int = VERSION


class Ledger:
    """The file at `path`. Raises Misused when it belongs to an export with other options."""

    def __init__(self, path: Path, asked: Mapping[str, str]) -> None:
        self._path, self._asked = path, dict(asked)
        self.done = self._read()

    def load(self, identity: LogIdentity) -> dict[TP, Position] | None:
        """Where to go on. Raises WrongBookmark for another log."""
        if self.done is None or self.done.place is None:
            return None
        try:
            return self.done.place.in_log(identity)
        except WrongBookmark as wrong:
            raise WrongBookmark(f"{self._path}: {wrong} Name another output.") from None

    def begin(self, selection: Selection) -> None:
        """Say that what comes is ours. Raises OSError."""
        self.commit(Done(self._asked, selection, None, 0, 0))

    def commit(self, done: Done) -> None:
        """Raises OSError."""
        replace(self._path, msgspec.json.format(msgspec.json.encode(done), indent=1))
        self.done = done

    def _read(self) -> Done | None:
        try:
            done = msgspec.json.decode(self._path.read_bytes(), type=Done)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Misused(f"{self._path} does not tell what was exported ({error}). Name another output.") from None
        if done.version != VERSION:
            raise Misused(f"{self._path} was written by another version of Lathe. Name another output.")
        if done.asked != self._asked:
            differing = sorted(set(done.asked.items()) ^ set(self._asked.items()))
            options = ", ".join(dict.fromkeys(f"--{name}" for name, _ in differing))
            raise Misused(f"The export in {self._path.parent} was begun with other options ({options}). "
                          "Repeat those, or name another output.")  # fmt: skip
        return done


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else exports there meanwhile; the lock ends with the process. Raises Misused."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Misused(f"Another export writes there now ({path}).") from None
    finally:
        os.close(descriptor)
