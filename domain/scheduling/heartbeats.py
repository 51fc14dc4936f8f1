"""Heartbeats: what workers have and hold."""

from datetime import datetime

from domain.envelope import Envelope
from domain.runs.events import DrainRequested, WorkerBeat
from domain.scheduling.state import SchedulerState, Worker


def beat(state: SchedulerState, event: WorkerBeat, envelope: Envelope, now: datetime) -> None:
    """While old heartbeats are read, they count by their own time; at the end of the topic, by when they came."""
    before = state.workers.get(event.worker_id)
    worker = state.workers[event.worker_id] = Worker(
        slots=event.slots,
        engines=event.engines,
        beat_at=now if state.leases_from is not None else min(envelope.time, now),
        assignments_offset=event.assignments_offset,
        draining=event.draining or event.stopping or (before is not None and before.drain_requested),
        stopped=event.stopping,
        drain_requested=before is not None and before.drain_requested,
        runs=_runs_of(state, event.worker_id) if before is None else before.runs,
    )
    held = {run.task_id: run.attempt for run in event.running}
    for task_id, attempt in list(worker.runs.items()):
        run = state.runs[task_id]
        if held.get(task_id) == attempt:
            run.seen, run.gone_since = True, None
        elif run.seen:
            run.gone_since = run.gone_since or now
            del worker.runs[task_id]
    for task_id, attempt in held.items():
        latest = state.runs.get(task_id)
        known = latest is not None and (latest.worker_id, latest.attempt) == (event.worker_id, attempt)
        if not known:
            worker.unwanted[task_id] = now if before is None else before.unwanted.get(task_id, now)
        if not (known and latest is not None and latest.reported):
            worker.holds[task_id] = attempt


def drain(state: SchedulerState, event: DrainRequested) -> None:
    """From now on, and not only once the worker has heard it. One that was never heard is not there any more."""
    worker = state.workers.get(event.worker_id)
    if worker is not None:
        worker.draining = worker.drain_requested = True


def _runs_of(state: SchedulerState, worker_id: str) -> dict[str, int]:
    return {t: run.attempt for t, run in state.runs.items() if run.worker_id == worker_id and not run.reported}
