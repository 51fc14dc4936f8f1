"""When a message that did not arrive is tried again, and when nobody tries any more."""

import random
from collections.abc import Callable
from typing import Final

import msgspec

HOUR_S: Final = 3600.0
DAY_S: Final = 24 * HOUR_S
LEAST_S: Final = 1.0


class Schedule(msgspec.Struct, frozen=True):
    """`delays_s` after the first, second… failed attempt; the last one from then on."""

    delays_s: tuple[float, ...] = (5, 30, 120, 600, 1800, HOUR_S, 2 * HOUR_S, 4 * HOUR_S, 8 * HOUR_S)
    give_up_s: float = 3 * DAY_S
    """A message that was first tried this long ago is dead, and the next one has its turn."""
    disable_s: float = 5 * DAY_S
    """A webhook at which nothing succeeded for this long is disabled."""
    most_waiting: int = 50_000
    """…and one for which more messages wait."""

    def delay_s(self, failed: int, retry_after_s: float | None, fraction: Callable[[], float] = random.random) -> float:
        """Seconds to wait after so many failed attempts: what the other side asked for, else the next delay.

        The delay is spread by a tenth to both sides (`fraction`: 0 to 1), so that those who failed together do not
        come back together.
        """
        if retry_after_s is not None:
            return max(LEAST_S, retry_after_s)
        delay = self.delays_s[min(failed, len(self.delays_s)) - 1]
        return delay * (0.9 + 0.2 * fraction())
