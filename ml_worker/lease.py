"""The worker's right to its runs: it lasts as long as its heartbeats reach the log."""

import time
from collections.abc import Callable
from typing import Final

SILENCE_S: Final = 8.0
"""So long without an acknowledged heartbeat, and a worker kills its runs; after 10 s the scheduler gives them away."""


class Lease:
    """`clock` is monotonic seconds, and goes on while the process is stopped (SIGSTOP)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, silence_s: float = SILENCE_S) -> None:
        self._clock = clock
        self._silence_s = silence_s
        self._renewed: float | None = None
        self._term = 1

    def now(self) -> float:
        return self._clock()

    def renew(self, sent_at: float) -> None:
        """A heartbeat that was *sent* at `sent_at` was acknowledged. After a silence this begins another term."""
        if self._renewed is not None and not self._fresh():
            self._term += 1
        self._renewed = sent_at if self._renewed is None else max(self._renewed, sent_at)

    @property
    def term(self) -> int | None:
        """Which unbroken time of heartbeats this is; None while there are none. A run belongs to one term."""
        return self._term if self._fresh() else None

    def _fresh(self) -> bool:
        return self._renewed is not None and self._clock() - self._renewed < self._silence_s
