"""Figures of the scheduler, for Prometheus."""

from typing import Final

from prometheus_client import Gauge

LEADING: Final = Gauge("lathe_scheduler_leading", "1 while this process assigns runs")
TASKS: Final = Gauge("lathe_scheduler_tasks", "Tasks that are not terminal")
RUNS: Final = Gauge("lathe_scheduler_runs", "Runs that workers have")
WORKERS: Final = Gauge("lathe_scheduler_workers", "Workers heard of lately")
