"""The fold of the scheduler: events of four topics, in any order between topics, in order within a partition."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from domain.account import events as a
from domain.account.beginnings import beginnings_of
from domain.envelope import Envelope
from domain.runs import events as r
from domain.scheduling import events as s
from domain.scheduling.heartbeats import beat, drain
from domain.scheduling.moves import assigned, end, free, leave_queue, let_go, look_at, seen, wait
from domain.scheduling.state import LEASE, Account, Run, SchedulerState, Task

PAUSE: Final = timedelta(seconds=2)
FORGET_WORKERS: Final = 6 * LEASE
SMOOTHING: Final = 0.1
"""Weight of the newest run in the moving average of seconds."""


class Place(msgspec.Struct, frozen=True):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


def fold(
    state: SchedulerState, place: Place, key: str, event: msgspec.Struct, envelope: Envelope, now: datetime
) -> None:
    """Take one event in. `now` is the scheduler's clock when it was read. Events that do not matter are passed over."""
    rule = _FOLD.get(type(event))
    if rule is not None:
        rule(state, place, key, event, envelope, now)
    if type(event).__module__ == a.__name__:
        state.read[place.partition] = place.offset + 1


def observe(state: SchedulerState, now: datetime, at_end: bool) -> None:
    """Say after each round of reading whether lathe.workers was read to its end.

    Leases count only while it is. After a start, or a pause of over 2 s, everyone gets a full lease.
    """
    paused = state.observed_at is None or now - state.observed_at > PAUSE
    if not at_end:
        state.leases_from = None
    elif state.leases_from is None or paused:
        state.leases_from = now
    state.observed_at = now
    for worker_id in [w for w, worker in state.workers.items() if now - worker.beat_at > FORGET_WORKERS]:
        if not state.workers[worker_id].runs:
            del state.workers[worker_id]


def _requested(
    state: SchedulerState,
    place: Place,
    key: str,
    event: a.TaskRequested | a.BatchRequested,
    envelope: Envelope,
    now: datetime,
) -> None:
    for beginning in beginnings_of(event, envelope.id):
        _begin(state, place, key, beginning.request, envelope)


def _begin(state: SchedulerState, place: Place, key: str, event: a.TaskRequested, envelope: Envelope) -> None:
    state.orders += 1
    state.accounts.setdefault(key, Account()).tasks += 1
    state.tasks[event.task_id] = Task(
        account_id=key,
        model=event.model,
        version=event.model_version,
        priority=event.priority,
        order=state.orders,
        topic=place.topic,
        partition=place.partition,
        offset=place.offset,
        deadline=event.deadline,
        requested_at=envelope.time,
        correlation_id=envelope.correlation_id,
        traceparent=envelope.traceparent,
    )
    look_at(state, event.task_id, event.deadline)
    wait(state, event.task_id)
    early = state.early.pop(event.task_id, None)
    if early is not None:
        assigned(state, event.task_id, early)


def _started(
    state: SchedulerState, place: Place, key: str, event: a.TaskStarted, envelope: Envelope, now: datetime
) -> None:
    task = state.tasks.get(event.task_id)
    if task is None:
        return
    task.started_at = envelope.time
    leave_queue(state, event.task_id, task)
    look_at(state, event.task_id, None)
    seen(state, event.task_id, event.attempt)


def _retried(
    state: SchedulerState, place: Place, key: str, event: a.TaskRetried, envelope: Envelope, now: datetime
) -> None:
    """The attempt before is over. If its worker did not say so itself, it may still be running: it is revoked."""
    task = state.tasks.get(event.task_id)
    if task is None:
        return
    state.sent.pop((event.task_id, task.attempt), None)
    run = state.runs.get(event.task_id)
    if run is not None and run.attempt < event.attempt:
        let_go(state, event.task_id, "lease-expired", ended=event.source_offset is not None)
        task.last_worker = run.worker_id
        run = None
    leave_queue(state, event.task_id, task)
    task.attempt, task.started_at = event.attempt, None
    look_at(state, event.task_id, task.deadline if task.cancelling_since is None else None)
    if run is None:
        wait(state, event.task_id)


def _cancel_requested(
    state: SchedulerState, place: Place, key: str, event: a.TaskCancelRequested, envelope: Envelope, now: datetime
) -> None:
    task = state.tasks.get(event.task_id)
    if task is None:
        return
    task.cancelling_since = envelope.time
    leave_queue(state, event.task_id, task)
    look_at(state, event.task_id, None)
    run = state.runs.get(event.task_id)
    if run is not None and run.attempt == event.attempt and not run.revoked:
        state.to_revoke[event.task_id, run.attempt] = (run.worker_id, "cancelled")


def _completed(
    state: SchedulerState, place: Place, key: str, event: a.TaskCompleted, envelope: Envelope, now: datetime
) -> None:
    task = state.tasks.get(event.task_id)
    if task is not None and task.started_at is not None:
        took = max((envelope.time - task.started_at).total_seconds(), 0.0)
        usual = state.seconds.get(task.model)
        state.seconds[task.model] = took if usual is None else usual + SMOOTHING * (took - usual)
    end(state, event.task_id, "ended", ended=True)


def _failed_or_cancelled(
    state: SchedulerState,
    place: Place,
    key: str,
    event: a.TaskFailed | a.TaskCancelled,
    envelope: Envelope,
    now: datetime,
) -> None:
    reason = "cancelled" if isinstance(event, a.TaskCancelled) else "ended"
    end(state, event.task_id, reason, ended=event.source_offset is not None)


def _assigned(
    state: SchedulerState, place: Place, key: str, event: s.RunAssigned, envelope: Envelope, now: datetime
) -> None:
    run = Run(attempt=event.attempt, worker_id=event.worker_id, since=envelope.time, offset=place.offset)
    if event.task_id in state.tasks:
        assigned(state, event.task_id, run)
    elif state.read.get(event.partition, 0) <= event.offset:
        state.early[event.task_id] = run


def _revoked(
    state: SchedulerState, place: Place, key: str, event: s.RunRevoked, envelope: Envelope, now: datetime
) -> None:
    state.to_revoke.pop((event.task_id, event.attempt), None)
    worker = state.workers.get(event.worker_id)
    if worker is not None and event.task_id in worker.unwanted:
        worker.unwanted[event.task_id] = now
    run = state.early.get(event.task_id) or state.runs.get(event.task_id)
    if run is not None and (run.attempt, run.worker_id) == (event.attempt, event.worker_id):
        run.revoked = True


def _run_started(
    state: SchedulerState, place: Place, key: str, event: r.RunStarted, envelope: Envelope, now: datetime
) -> None:
    seen(state, event.task_id, event.attempt)


def _run_reported(
    state: SchedulerState,
    place: Place,
    key: str,
    event: r.RunSucceeded | r.RunFailed | r.RunCancelled,
    envelope: Envelope,
    now: datetime,
) -> None:
    """The slot is free at once; what becomes of the task is for its account's owner to say."""
    run = state.runs.get(event.task_id)
    if run is not None and (run.attempt, run.worker_id) == (event.attempt, event.worker_id):
        run.reported = run.seen = True
        free(state, event.task_id, run, ended=True)


def _beat(
    state: SchedulerState, place: Place, key: str, event: r.WorkerBeat, envelope: Envelope, now: datetime
) -> None:
    beat(state, event, envelope, now)


def _drain_requested(
    state: SchedulerState, place: Place, key: str, event: r.DrainRequested, envelope: Envelope, now: datetime
) -> None:
    drain(state, event)


_FOLD: Final[dict[type[msgspec.Struct], Callable[[SchedulerState, Place, str, Any, Envelope, datetime], None]]] = {
    a.TaskRequested: _requested,
    a.BatchRequested: _requested,
    a.TaskStarted: _started,
    a.TaskRetried: _retried,
    a.TaskCancelRequested: _cancel_requested,
    a.TaskCompleted: _completed,
    a.TaskFailed: _failed_or_cancelled,
    a.TaskCancelled: _failed_or_cancelled,
    s.RunAssigned: _assigned,
    s.RunRevoked: _revoked,
    r.RunStarted: _run_started,
    r.RunSucceeded: _run_reported,
    r.RunFailed: _run_reported,
    r.RunCancelled: _run_reported,
    r.WorkerBeat: _beat,
    r.DrainRequested: _drain_requested,
}
