"""One line of a benchmark's table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    what: str
    value: float
    """Median of the rounds."""
    unit: str
    peer: float | None = None
    """The peer's median in the same run, in the same unit."""
