"""Waiting between repeats of something that failed for now."""

import random
from collections.abc import Iterator
from typing import Final

_random: Final = random.SystemRandom()


def delays(first_s: float = 0.2, most_s: float = 3.0) -> Iterator[float]:
    """Seconds to wait before each repeat, for ever: doubling up to `most_s`, each between half and all of it."""
    wait = first_s
    while True:
        yield wait * _random.uniform(0.5, 1.0)
        wait = min(most_s, wait * 2)
