"""An engine's process and whatever it starts: one process group, which ends as one.

The group stays in the worker's session: who ends that ends all of it.
"""

import contextlib
import ctypes
import os
import signal
import sys
from types import FrameType
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_DIED: Final = signal.SIGUSR1
_MOST_FILES: Final = 1 << 16


def die_with(parent: int) -> None:
    """Linux kills this process when its parent dies; elsewhere the closed socket ends it."""
    _on_death_of_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def lead() -> None:
    """Open the group, and see that it does not outlive this process. To be called before there are threads."""
    os.setpgid(0, 0)
    leader = os.getpid()
    if sys.platform == "linux" and os.fork() == 0:
        try:
            _guard(leader)
        finally:
            os._exit(0)


def take_no_notice() -> None:
    """Of SIGINT and SIGTERM, which are the parent's to answer. What is started here hears them as any process does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _nothing)  # SIG_IGN would outlive an exec
    os.register_at_fork(after_in_child=_take_notice)


def end() -> None:
    """This process, and its group if it leads one."""
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def kill(leader: int) -> None:
    """What there is of the group that a child of this process leads, or led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _guard(leader: int) -> None:
    """Wait for the leader's death in a process that holds nothing open and hears nothing else."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    os.closerange(0, _MOST_FILES)
    _on_death_of_parent(_DIED)
    while os.getppid() == leader:
        signal.sigwait({_DIED})
    kill(leader)


def _on_death_of_parent(number: signal.Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def _nothing(number: int, frame: FrameType | None) -> None:
    """A handler."""


def _take_notice() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
