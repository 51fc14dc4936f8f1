"""One line of a benchmark's table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    what: str
    value: float
    """Median of the rounds."""
    unit: str
    peer: float | None = None
    """The peer's median in the same run, in the same unit."""
    against: str = ""
    """Who the peer is."""
    goal: float | None = None
    """What `ratio` should be: at least this, or at most where less is better."""
    less_is_better: bool = False
    rounds: tuple[float, ...] = ()
    """What each round gave."""
    peer_rounds: tuple[float, ...] = ()

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer if self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio <= self.goal if self.less_is_better else self.ratio >= self.goal


def compared(
    what: str,
    unit: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    against: str,
    *,
    goal: float | None = None,
    less_is_better: bool = False,
) -> Result:
    """The medians of interleaved rounds of both sides."""
    return Result(
        what,
        statistics.median(ours),
        unit,
        statistics.median(theirs),
        against,
        goal,
        less_is_better,
        tuple(ours),
        tuple(theirs),
    )
