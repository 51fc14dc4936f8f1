"""Token buckets: how much of something each key may do, in this process.

A bucket holds at most `burst` and refills at `per_second`. Pure arithmetic on a given time; nothing runs in between.
"""

from collections import OrderedDict

import msgspec


class Level(msgspec.Struct, frozen=True):
    """What is left for a key. `wait_s` is 0 when one more is possible now; times in seconds."""

    left: float
    wait_s: float
    full_in_s: float


class Buckets:
    """One bucket per key; a key that has not come for long (its bucket is full again) costs no memory."""

    def __init__(self, burst: float, per_second: float, *, capacity: int = 50_000) -> None:
        self.burst, self.per_second, self._capacity = burst, per_second, capacity
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def level(self, key: str, now: float) -> Level:
        """How it stands, without taking anything."""
        left, at = self._levels.get(key, (self.burst, now))
        left = min(self.burst, left + (now - at) * self.per_second)
        return Level(left, max(0.0, (1 - left) / self.per_second), (self.burst - left) / self.per_second)

    def take(self, key: str, now: float) -> Level:
        """Take one if there is one: `wait_s` of the answer is 0 then, and tells how long to wait otherwise."""
        before = self.level(key, now)
        return before if before.wait_s > 0 else self.charge(key, now)

    def charge(self, key: str, now: float) -> Level:
        """Take one in any case. The level may fall below 0: that debt is waited out."""
        before = self.level(key, now)
        left = before.left - 1
        self._levels[key] = (left, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._capacity:
            self._levels.popitem(last=False)
        return Level(left, 0.0, (self.burst - left) / self.per_second)
