"""Figures of a worker, for Prometheus."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import psutil
from prometheus_client import Counter, Gauge, Histogram

from ml_worker.slot import Slot

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
SLOTS: Final = Gauge("lathe_worker_slots", "Runs that this worker can do at once")
BUSY: Final = Gauge("lathe_worker_slots_busy", "Slots that a run has taken")
RUNS: Final = Counter("lathe_runs_total", "Attempts that ended on this worker, by how they ended", ["model", "outcome"])
RUN_SECONDS: Final = Histogram(
    "lathe_run_duration_seconds",
    "Time from an attempt's assignment to its last word in the log",
    ["model", "outcome"],
    buckets=_SECONDS,
)
STAGE_SECONDS: Final = Histogram(
    "lathe_run_stage_duration_seconds",
    "Time in one stage of successful attempts: fetch, the engine's own, upload",
    ["model", "stage"],
    buckets=_SECONDS,
)
ENGINE_MEMORY: Final = Gauge("lathe_worker_engine_memory_bytes", "Resident memory of a slot's engine process", ["slot"])
DEVICE_MEMORY: Final = Gauge(
    "lathe_worker_device_memory_bytes",
    "Memory of the accelerator as its driver sees it, after the latest load or run",
    ["slot", "kind"],
)
_AROUND: Final = ("fetch", "engine", "upload")
"""Stages of every run, around the engine's own."""


def observe_stages(model: str, stages: Iterable[str], metrics: Mapping[str, float]) -> None:
    """Take the seconds of these stages out of a run's metrics (`field_s`); an engine may tell others besides."""
    for stage in {*stages, *_AROUND}:
        seconds = metrics.get(f"{stage}_s", -1.0)
        if seconds >= 0:
            STAGE_SECONDS.labels(model, stage).observe(seconds)


def watch(slots: Sequence[Slot]) -> None:
    """Tell of these slots whenever somebody asks."""
    SLOTS.set(len(slots))
    for number, slot in enumerate(slots):
        ENGINE_MEMORY.labels(str(number)).set_function(partial(_resident, slot))
        for kind in ("used", "total"):
            DEVICE_MEMORY.labels(str(number), kind).set_function(partial(_on_device, slot, kind))


def _resident(slot: Slot) -> float:
    try:
        return 0.0 if slot.pid is None else float(psutil.Process(slot.pid).memory_info().rss)
    except psutil.Error:
        return 0.0


def _on_device(slot: Slot, kind: str) -> float:
    return 0.0 if slot.device_memory is None else float(getattr(slot.device_memory, kind))
