"""How fast it goes, and how long it will take."""

from collections import deque
from typing import Final

WINDOW_S: Final = 10.0


class Pace:
    """Records a second over the last `WINDOW_S`. Times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, now: float, done: int) -> None:
        """`done` records in all at `now`."""
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """0 as long as nothing can be said."""
        if len(self._seen) < 2 or self._seen[-1][0] <= self._seen[0][0]:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began)

    def eta_s(self, left: int) -> float | None:
        """Seconds until `left` more records are done; None as long as nothing can be said."""
        return left / self.rate if self.rate > 0 else (0.0 if left <= 0 else None)
