"""Runs that will not come to an end by themselves, and runs that nobody wants: what to do about them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop
from operator import itemgetter
from typing import Final

from domain.account.commands import CancelTask, ExpireAttempt
from domain.scheduling.commands import RevokeRun
from domain.scheduling.moves import leave_queue
from domain.scheduling.state import LEASE, Run, SchedulerState, Task

REPEAT: Final = timedelta(seconds=5)
"""A command whose effect was not read is sent again after this time."""
UNWANTED: Final = timedelta(seconds=3)
"""How long a worker may name a run that is over before it is told: heartbeats lag behind events a little."""
REST_AFTER: Final = 500
"""So many deadlines pass between two rests."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def revocations(state: SchedulerState, now: datetime) -> Iterator[RevokeRun]:
    """Runs of cancelled, ended or moved-on tasks, and runs that workers name though nobody knows of them."""
    for (task_id, attempt), (worker_id, reason) in state.to_revoke.items():
        yield RevokeRun(task_id=task_id, attempt=attempt, worker_id=worker_id, reason=reason)
    for worker_id, worker in state.workers.items():
        if not state.live(worker, now):
            continue
        for task_id, since in worker.unwanted.items():
            held = worker.holds[task_id]
            if now - since > UNWANTED and (task_id, held) not in state.to_revoke:
                yield RevokeRun(task_id=task_id, attempt=held, worker_id=worker_id, reason="ended")


def expiries(state: SchedulerState, now: datetime) -> Iterator[ExpireAttempt]:
    """Attempts whose lease ended, those first whose owner was not told yet: one that is away holds up no other.

    Nothing while lathe.workers is not read to its end: silence proves nothing then.
    """
    if state.leases_from is None:
        return
    over = []
    for task_id, run in state.runs.items():
        task = state.tasks[task_id]
        told = state.sent.get((task_id, task.attempt))
        due = told is None or now - told > REPEAT
        if due and run.attempt == task.attempt and not run.reported and _is_over(state, task, run, now):
            over.append((told or _NEVER, task_id, task))
    for _, task_id, task in sorted(over, key=itemgetter(0)):
        yield ExpireAttempt(account_id=task.account_id, task_id=task_id, attempt=task.attempt)


def pass_deadlines(state: SchedulerState, now: datetime) -> Iterator[None]:
    """Take tasks whose deadline passed before they started out of their queues: nobody gets them any more.

    A rest after every few hundred: others may change the state meanwhile.
    """
    passed = 0
    while state.looks and state.looks[0][0] <= now:
        when, task_id = heappop(state.looks)
        if state.deadlines.get(task_id) == when:
            del state.deadlines[task_id]
            leave_queue(state, task_id, state.tasks[task_id])
            state.overdue[task_id] = None
        passed += 1
        if passed % REST_AFTER == 0:
            yield


def overdue(state: SchedulerState) -> Iterator[CancelTask]:
    """Tasks whose deadline passed before they started."""
    for task_id in state.overdue:
        yield CancelTask(account_id=state.tasks[task_id].account_id, task_id=task_id, reason="deadline")


def _is_over(state: SchedulerState, task: Task, run: Run, now: datetime) -> bool:
    worker = state.workers.get(run.worker_id)
    if worker is not None and worker.stopped:
        return True
    if worker is None:
        return _older(state, run.since, now)
    if not state.live(worker, now):
        return True
    if task.cancelling_since is not None and _older(state, task.cancelling_since, now):
        return True
    if not run.seen:
        missed = run.offset is not None and run.offset < worker.assignments_offset
        return missed or _older(state, run.since, now)
    return run.gone_since is not None and _older(state, run.gone_since, now)


def _older(state: SchedulerState, since: datetime, now: datetime) -> bool:
    """More than a lease ago, counted from when leases count at the earliest."""
    assert state.leases_from is not None
    return now - max(since, state.leases_from) > LEASE
