"""One part of the stack as data: what to start, how to see that it is ready, how to stop it."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _nothing() -> None:
    """Most parts need no preparation."""


def _never() -> bool:
    """For a task: it is ready when it has ended well."""
    return False


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    """Unique; also the name of its log file."""
    command: tuple[str, ...]
    is_ready: Callable[[], bool] = _never
    """Asked again and again after the start; never raises and takes at most a second."""
    environment: Mapping[str, str | None] = field(default_factory=dict)
    """Added to the supervisor's own environment; None takes a variable away."""
    prepare: Callable[[], None] = _nothing
    """Runs before every start, so it must be repeatable. Raises StackError."""
    once_ready: Callable[[], None] = _nothing
    """Runs after each time it became ready, before later stages start. Raises StackError."""
    is_task: bool = False
    """A task does its work and ends (exit code 0: done); anything else is meant to run for ever."""
    vital: bool = True
    """The stack does not come up without it. Others are tried again and again."""
    awaited: bool = True
    """Later stages start only when it is ready."""
    user: str | None = None
    """Run as this user when the supervisor is root."""
    folder: str | None = None
    """Working directory; None: the supervisor's."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15
    """How long a clean stop may take before it is killed."""
    ready_seconds: float = 60
