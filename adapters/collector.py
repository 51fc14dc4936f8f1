"""Python's cycle collector in a process that makes many short-lived objects and hardly a cycle."""

import gc
from typing import Final

SERVING: Final = (10_000, 50, 100)
"""For a process that answers: each collection is short."""
BATCHES: Final = (50_000, 20, 100)
"""For one whose batches make tens of thousands of objects."""


def collect_rarely(thresholds: tuple[int, int, int] = SERVING) -> None:
    """Call it once everything is imported and started. `thresholds`: those of `gc.set_threshold`.

    At the default pace (700) collections cost up to a fifth of a busy process's time, and the longer the more state it
    holds: what is there now is never looked at again, and young objects are looked at less often.
    """
    keep_what_is_there()
    gc.set_threshold(*thresholds)


def keep_what_is_there() -> None:
    """No collection looks again at what is in use now: modules, models, compiled code."""
    gc.collect()
    gc.freeze()
