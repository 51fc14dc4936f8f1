"""The state folder (`LATHE_HOME`): where everything of one installation lies, and who may use it."""

import errno
import fcntl
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from adapters.whole_files import write_whole
from cli.stack.errors import StackError

LAYOUT_VERSION: Final = "1"
"""Raised when older state cannot be used any more."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below one state folder."""

    path: Path

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What exists only while the stack runs: lock, process ledger, addresses, ready files."""
        return self.path / "run"

    @property
    def kafka(self) -> Path:
        return self.path / "kafka"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def objects(self) -> Path:
        return self.path / "objects"

    @property
    def gateway(self) -> Path:
        return self.path / "gateway"

    @property
    def version_file(self) -> Path:
        return self.path / "VERSION"


def open_home(path: Path) -> Home:
    """Make or check the state folder. Raises StackError when it cannot be written or belongs to another version."""
    home = Home(path.expanduser().absolute())
    try:
        home.path.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people made is for nobody else on the machine
        for folder in (home.logs, home.run):
            folder.mkdir(exist_ok=True)
        probe = home.run / f".writable-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
        _check_version(home)
    except OSError as error:
        raise _not_writable(home, error) from None
    return home


def _not_writable(home: Home, error: OSError) -> StackError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return StackError(
        f"The state folder {home.path} cannot be written ({error.strerror}). "
        f"{'Free some space' if full else 'Make it writable for you'}, or name another one with LATHE_HOME."
    )


def layout_of(home: Home) -> str | None:
    """The layout that the folder was written in; None when nothing is in it yet. Raises OSError."""
    try:
        found = home.version_file.read_text(errors="replace").strip()
    except FileNotFoundError:
        return None
    used = any(folder.exists() for folder in (home.kafka, home.postgres, home.objects))
    return found if found or used else None


def _check_version(home: Home) -> None:
    found = layout_of(home)
    if found is None:
        write_whole(home.version_file, f"{LAYOUT_VERSION}\n")
    elif found != LAYOUT_VERSION:
        raise StackError(
            f"The state in {home.path} was written by another version of Lathe "
            f"(layout {found or 'unknown'}, this one uses {LAYOUT_VERSION}). "
            "Start that version again, or name an empty folder with LATHE_HOME."
        )


def lock(home: Home) -> IO[str]:
    """Become the only `lathe up` on this state folder, until the returned file is closed or the process ends.

    Raises StackError when another one runs, or the lock cannot be written.
    """
    try:
        file = (home.run / "lock").open("a+")
    except OSError as error:
        raise _not_writable(home, error) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
    except BlockingIOError:
        file.seek(0)
        pid = file.read().strip() or "unknown"
        file.close()
        raise StackError(
            f"Lathe already runs on {home.path} (process {pid}). "
            "Stop it with Ctrl-C there or `make down`, or start this one with another LATHE_HOME and LATHE_PORT."
        ) from None
    except OSError as error:
        with suppress(OSError):  # what could not be written is tried again
            file.close()
        raise _not_writable(home, error) from None
    return file


def running_pid(home: Home) -> int | None:
    """The process that holds the lock, or None when nothing runs on this state folder.

    Raises StackError when that cannot be seen.
    """
    try:
        with (home.run / "lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: those who only look do not meet each other
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StackError(
            f"The state folder {home.path} cannot be read ({error.strerror}). "
            "Make it a folder that you may read, or name another one with LATHE_HOME."
        ) from None
    return None


def require_space(
    folder: Path, megabytes: int, what: str, or_else: str = "put the state elsewhere with LATHE_HOME"
) -> None:
    """Raise StackError unless `megabytes` are free where `folder` lies (or will lie)."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free // 1_000_000
    if free < megabytes:
        raise StackError(
            f"{what} needs {megabytes} MB, but only {free} MB are free in {existing}. Free some space, or {or_else}."
        )
