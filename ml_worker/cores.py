"""How many cores this process may use, and what a process that runs engines is told of its threads and memory."""

import math
import os
from pathlib import Path
from typing import Final

CPU_MAX: Final = Path("/sys/fs/cgroup/cpu.max")
"""`<microseconds> <period>` or `max <period>` (Linux, cgroup v2)."""

_MEMORY: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
}
"""glibc keeps what a run gave back for the next arrays, as they come and go by the megabyte: to be handed every page
anew took a tenth of a run."""


def surroundings(threads: int) -> dict[str, str]:
    """Environment variables of a process that runs engines with so many threads; what is set already for memory stays.

    NumPy's products get one thread: they are small here, and a second one spins while it waits for the next.
    """
    many = str(threads)
    return _MEMORY | os.environ | {"OMP_NUM_THREADS": many, "MKL_NUM_THREADS": many, "OPENBLAS_NUM_THREADS": "1"}


def usable_cores(limit: Path = CPU_MAX) -> int:
    """At least 1: by affinity and, where there is one, the limit of the control group; not all that the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = limit.read_text().split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores
