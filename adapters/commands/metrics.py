"""Figures of commands that travel between processes."""

from typing import Final

from prometheus_client import Histogram

FORWARD_SECONDS: Final = Histogram(
    "lathe_forward_duration_seconds",
    "Time until the owner in another process answered a forwarded command, or a question about one, by its answer",
    ["path", "answer"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
