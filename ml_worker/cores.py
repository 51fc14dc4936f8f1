"""How many cores this process may use: a container's share counts, not the machine it runs on."""

import math
import os
from pathlib import Path
from typing import Final

CPU_MAX: Final = Path("/sys/fs/cgroup/cpu.max")
"""`<microseconds> <period>` or `max <period>` (Linux, cgroup v2)."""


def usable_cores(limit: Path = CPU_MAX) -> int:
    """At least 1. Affinity and, where there is one, the limit of the control group."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = limit.read_text().split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores
