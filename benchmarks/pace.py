"""How long a benchmark run may take: `make bench`, `make bench QUICK=1`, or the smoke test's smallest size."""

import os
from typing import Final, Literal

VARIABLE: Final = "LATHE_BENCH_PACE"
EVENTS_VARIABLE: Final = "LATHE_BENCH_EVENTS"
Pace = Literal["full", "quick", "smoke"]


def pace() -> Pace:
    """Raises ValueError for another word."""
    match os.environ.get(VARIABLE, "full"):
        case "full" | "quick" | "smoke" as found:
            return found
        case other:
            raise ValueError(f"{VARIABLE} is full, quick or smoke, not {other!r}")


def pick(full: int, quick: int, smoke: int) -> int:
    """The number that fits this run."""
    return {"full": full, "quick": quick, "smoke": smoke}[pace()]


def events(usual: int) -> int:
    """How many events the log of a benchmark has: what `--events` says, or as many as usual."""
    return int(os.environ.get(EVENTS_VARIABLE, usual))


def rounds() -> int:
    """Interleaved rounds, of which the median counts."""
    return pick(3, 3, 1)
