"""The fold of the scheduler: events of four topics, in any order between topics, in order within a partition."""

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from domain.account import events as a
from domain.envelope import Envelope
from domain.runs import events as r
from domain.scheduling import events as s
from domain.scheduling.state import LEASE, Account, Early, Run, SchedulerState, Task, Worker

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


def assigned(state: SchedulerState, task_id: str, run: Run) -> None:
    """Note that a run was given to a worker: when it is decided, and again when it is read. A later attempt stands."""
    task = state.tasks[task_id]
    known = state.runs.get(task_id)
    if known is not None and (known.attempt, known.worker_id) == (run.attempt, run.worker_id):
        known.offset = run.offset if known.offset is None else known.offset
        return
    if run.attempt < (task.attempt if known is None else known.attempt):
        return
    unassigned(state, task_id)
    _leave_queue(state, task_id, task)
    run.seen = run.seen or (task.started_at is not None and run.attempt == task.attempt)
    state.runs[task_id] = run
    state.accounts[task.account_id].running += 1
    worker = state.workers.get(run.worker_id)
    if worker is not None:
        worker.runs[task_id] = run.attempt
    if task.cancelling_since is not None and not run.revoked:
        state.to_revoke[task_id, run.attempt] = (run.worker_id, "cancelled")


def unassigned(state: SchedulerState, task_id: str, *, ended: bool = False) -> Run | None:
    """Take the latest run back: its slot is free. `ended`: the worker said so, whatever its last heartbeat named."""
    run = state.runs.pop(task_id, None)
    if run is not None:
        state.accounts[state.tasks[task_id].account_id].running -= 1
        _free(state, task_id, run, ended=ended)
    return run


def wait(state: SchedulerState, task_id: str) -> None:
    """Put a task into its account's queue."""
    task = state.tasks[task_id]
    queue = state.waiting.setdefault(task.kind, {}).setdefault(task.account_id, [])
    insort(queue, task.turn(task_id))


def _requested(
    state: SchedulerState, place: Place, key: str, event: a.TaskRequested, envelope: Envelope, now: datetime
) -> None:
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
    )
    if event.deadline is not None:
        state.deadlines[event.task_id] = event.deadline
    wait(state, event.task_id)
    early = state.early.pop(event.task_id, None)
    if early is not None:
        assigned(state, event.task_id, early.run)


def _started(
    state: SchedulerState, place: Place, key: str, event: a.TaskStarted, envelope: Envelope, now: datetime
) -> None:
    task = state.tasks.get(event.task_id)
    if task is None:
        return
    task.started_at = envelope.time
    _leave_queue(state, event.task_id, task)
    _seen(state, event.task_id, event.attempt)


def _retried(
    state: SchedulerState, place: Place, key: str, event: a.TaskRetried, envelope: Envelope, now: datetime
) -> None:
    """The attempt before is over. If its worker did not say so itself, it may still be running: it is revoked."""
    task = state.tasks.get(event.task_id)
    if task is None:
        return
    _forget_sent(state, event.task_id, task.attempt)
    run = state.runs.get(event.task_id)
    if run is not None and run.attempt < event.attempt:
        _let_go(state, event.task_id, "lease-expired", ended=event.source_offset is not None)
        task.last_worker = run.worker_id
        run = None
    _leave_queue(state, event.task_id, task)
    task.attempt, task.started_at = event.attempt, None
    if run is None:
        wait(state, event.task_id)


def _cancel_requested(
    state: SchedulerState, place: Place, key: str, event: a.TaskCancelRequested, envelope: Envelope, now: datetime
) -> None:
    task = state.tasks.get(event.task_id)
    if task is None:
        return
    task.cancelling_since = envelope.time
    _leave_queue(state, event.task_id, task)
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
    _end(state, event.task_id, "ended", ended=True)


def _failed_or_cancelled(
    state: SchedulerState,
    place: Place,
    key: str,
    event: a.TaskFailed | a.TaskCancelled,
    envelope: Envelope,
    now: datetime,
) -> None:
    reason = "cancelled" if isinstance(event, a.TaskCancelled) else "ended"
    _end(state, event.task_id, reason, ended=event.source_offset is not None)


def _assigned(
    state: SchedulerState, place: Place, key: str, event: s.RunAssigned, envelope: Envelope, now: datetime
) -> None:
    run = Run(attempt=event.attempt, worker_id=event.worker_id, since=envelope.time, offset=place.offset)
    if event.task_id in state.tasks:
        assigned(state, event.task_id, run)
    elif state.read.get(event.partition, 0) <= event.offset:
        state.early[event.task_id] = Early(run, event.partition, event.offset)


def _revoked(
    state: SchedulerState, place: Place, key: str, event: s.RunRevoked, envelope: Envelope, now: datetime
) -> None:
    state.to_revoke.pop((event.task_id, event.attempt), None)
    worker = state.workers.get(event.worker_id)
    if worker is not None and event.task_id in worker.unwanted:
        worker.unwanted[event.task_id] = now
    early = state.early.get(event.task_id)
    run = state.runs.get(event.task_id) if early is None else early.run
    if run is not None and (run.attempt, run.worker_id) == (event.attempt, event.worker_id):
        run.revoked = True


def _run_started(
    state: SchedulerState, place: Place, key: str, event: r.RunStarted, envelope: Envelope, now: datetime
) -> None:
    _seen(state, event.task_id, event.attempt)


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
        _free(state, event.task_id, run, ended=True)


def _beat(
    state: SchedulerState, place: Place, key: str, event: r.WorkerBeat, envelope: Envelope, now: datetime
) -> None:
    """While old heartbeats are read, they count by their own time; at the end of the topic, by when they came."""
    before = state.workers.get(event.worker_id)
    worker = state.workers[event.worker_id] = Worker(
        slots=event.slots,
        engines=event.engines,
        beat_at=now if state.leases_from is not None else min(envelope.time, now),
        assignments_offset=event.assignments_offset,
        draining=event.draining or event.stopping,
        stopped=event.stopping,
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


def _runs_of(state: SchedulerState, worker_id: str) -> dict[str, int]:
    return {t: run.attempt for t, run in state.runs.items() if run.worker_id == worker_id and not run.reported}


def _seen(state: SchedulerState, task_id: str, attempt: int) -> None:
    run = state.runs.get(task_id)
    if run is not None and run.attempt == attempt:
        run.seen = True


def _end(state: SchedulerState, task_id: str, reason: str, *, ended: bool) -> None:
    task = state.tasks.get(task_id)
    if task is None:
        return
    _leave_queue(state, task_id, task)
    _forget_sent(state, task_id, task.attempt)
    _let_go(state, task_id, reason, ended=ended)
    del state.tasks[task_id]
    state.deadlines.pop(task_id, None)
    account = state.accounts[task.account_id]
    account.tasks -= 1
    if account.tasks == 0:
        del state.accounts[task.account_id]


def _let_go(state: SchedulerState, task_id: str, reason: str, *, ended: bool) -> None:
    """The task does not want its run any more. Unless it ended by itself, the worker must be told.

    A worker that is not known yet is told once it names the run (`Worker.unwanted`).
    """
    run = unassigned(state, task_id, ended=ended)
    if run is None:
        return
    worker = state.workers.get(run.worker_id)
    if ended or run.reported or run.revoked or worker is None or worker.stopped:
        state.to_revoke.pop((task_id, run.attempt), None)
    else:
        state.to_revoke.setdefault((task_id, run.attempt), (run.worker_id, reason))


def _free(state: SchedulerState, task_id: str, run: Run, *, ended: bool) -> None:
    worker = state.workers.get(run.worker_id)
    if worker is None:
        return
    if worker.runs.get(task_id) == run.attempt:
        del worker.runs[task_id]
    if ended and worker.holds.get(task_id) == run.attempt:
        del worker.holds[task_id]
        worker.unwanted.pop(task_id, None)


def _leave_queue(state: SchedulerState, task_id: str, task: Task) -> None:
    by_account = state.waiting.get(task.kind, {})
    queue = by_account.get(task.account_id, [])
    turn = task.turn(task_id)
    at = bisect_left(queue, turn)
    if at == len(queue) or queue[at] != turn:
        return
    del queue[at]
    if not queue:
        del by_account[task.account_id]
        if not by_account:
            del state.waiting[task.kind]


def _forget_sent(state: SchedulerState, task_id: str, attempt: int) -> None:
    for name in ("ExpireAttempt", "CancelTask"):
        state.sent.pop((task_id, attempt, name), None)


_FOLD: Final[dict[type[msgspec.Struct], Callable[[SchedulerState, Place, str, Any, Envelope, datetime], None]]] = {
    a.TaskRequested: _requested,
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
}
