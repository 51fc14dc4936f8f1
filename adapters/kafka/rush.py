"""In a rush of commands, the appends of a partition are a little apart, so that each carries several.

Where the disk is waited for, an append costs a sync, a request and an answer of its own, whatever it carries. Who asks
while little goes on is not kept waiting.
"""

from typing import Final

WINDOW_S: Final = 0.1
MANY: Final = 20
"""Commands in WINDOW_S from which on it is a rush."""


class Rush:
    """Counts the commands of one process. Times are those of the event loop's clock, in seconds.

    `apart_s`: from the beginning of one append of a partition to that of its next.
    """

    def __init__(self, apart_s: float) -> None:
        self._apart_s = apart_s
        self._began = 0.0
        self._count = self._before = 0

    def note(self, commands: int, now: float) -> None:
        """So many are being decided."""
        if (passed := now - self._began) >= WINDOW_S:
            self._before = self._count if passed < 2 * WINDOW_S else 0
            self._began, self._count = now, 0
        self._count += commands

    def rest_s(self, since: float, now: float) -> float:
        """How long a partition whose last append began at `since` waits for more; 0: it need not."""
        if now - self._began >= 2 * WINDOW_S or max(self._count, self._before) < MANY:
            return 0.0
        return max(0.0, since + self._apart_s - now)
