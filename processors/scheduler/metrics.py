"""Figures of the scheduler, for Prometheus."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

LEADING: Final = Gauge("lathe_scheduler_leading", "1 while this process assigns runs")
TASKS: Final = Gauge("lathe_scheduler_tasks", "Tasks that are not terminal")
RUNS: Final = Gauge("lathe_scheduler_runs", "Runs that workers have")
QUEUE: Final = Gauge("lathe_queue_length", "Tasks that wait for a worker, by model", ["model"])
QUEUE_AGE: Final = Gauge("lathe_queue_oldest_seconds", "How long the oldest of those has waited", ["model"])
NO_WORKER: Final = Gauge(
    "lathe_queue_without_worker", "Tasks that wait for a model (in their version) that no live worker has"
)
ASSIGNED: Final = Counter("lathe_scheduler_assignments_total", "Runs given to workers", ["model"])
WAITED: Final = Histogram(
    "lathe_queue_wait_seconds",
    "Time from a task's request to its first assignment",
    ["model"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
WORKERS: Final = Gauge("lathe_scheduler_workers", "Workers heard of lately")
