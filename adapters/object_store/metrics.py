"""Figures of the object store as its callers see it."""

from typing import Final

from prometheus_client import Counter, Histogram

SECONDS: Final = Histogram(
    "lathe_object_store_duration_seconds",
    "Time of one operation on the object store",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
ERRORS: Final = Counter(
    "lathe_object_store_errors_total", "Operations that the object store refused, or did not answer", ["kind"]
)
