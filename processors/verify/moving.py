"""Telling how far a part of a verification is, now and then."""

import time
from typing import Final

from processors.rebuild.pace import Pace
from processors.telling import Tell

EVERY_S: Final = 0.5


class Moving:
    """Call it with how much is done, of `total`, as often as you like."""

    def __init__(self, tell: Tell, state: str, total: int) -> None:
        self._tell, self._state, self._total = tell, state, total
        self._pace, self._said = Pace(), time.monotonic()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self._said < EVERY_S:
            return
        self._said = now
        self._pace.saw(now, done)
        self._tell({"state": self._state, "done": done, "total": self._total, "rate": round(self._pace.rate),
                    "eta_s": self._pace.eta_s(self._total - done)})  # fmt: skip
