"""One part of the stack as data: what to start, how to see that it is ready, how to stop it."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _nothing() -> None:
    """Most parts need no preparation."""


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    """Unique; also the name of its log file."""
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    """Asked again and again after the start; never raises."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the supervisor's own environment."""
    prepare: Callable[[], None] = _nothing
    """Runs before every start, so it must be repeatable. Raises StackError."""
    once_ready: Callable[[], None] = _nothing
    """Runs after each time it became ready, before the next part starts. Raises StackError."""
    user: str | None = None
    """Run as this user when the supervisor is root."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15
    """How long a clean stop may take before it is killed."""
    ready_seconds: float = 60
