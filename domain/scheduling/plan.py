"""What the scheduler does next: the whole of its decisions, as commands to lathe.assignments and to account owners.

Fair share between accounts: the next free slot goes to the account that runs least, and of those to the one served
longest ago (among those never served: whose request is older). Within an account the highest priority is next, then
the oldest request. A worker with a free slot is preferred, then one that has the model loaded, then one that did not
fail this task before, then the one with most free slots.

Runs that take a moment only are given ahead of free slots, up to a quarter of a second of work: else a slot would be
idle for most of its time, between the end of one run and the arrival of the next.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Final

import msgspec

from domain.account.commands import CancelTask, ExpireAttempt
from domain.scheduling.commands import AssignRun, RevokeRun
from domain.scheduling.leases import REPEAT, expiries, overdue, revocations
from domain.scheduling.moves import assigned, look_at, unassigned, wait
from domain.scheduling.queue import usual_seconds
from domain.scheduling.state import LEASE, Kind, Run, SchedulerState, Task, Worker
from domain.scheduling.turns import Turns

Action = RevokeRun | ExpireAttempt | CancelTask | AssignRun
FRESH: Final = LEASE / 2
"""A worker gets new runs only while it was heard within this time."""
AHEAD_S: Final = 0.25
"""So much work may wait in a worker for each of its slots, by what its runs usually take."""
MOST_AHEAD: Final = 32
"""Runs that may wait for one slot, however short they are."""
MOST: Final = 300
"""Assignments of one plan, and commands to account owners under way: others are not held up. The next plan goes on."""


class Plan:
    """Commands to send now, in this order. Empty until the caller read all topics to their end (`observe`)."""

    @staticmethod
    def of(state: SchedulerState, now: datetime, tells: int = MOST) -> list[Action]:
        """Pure: the state stays as it is. Call `sent` for each command that is sent on, before the next plan.

        `tells`: so many commands to account owners at most. Call `pass_deadlines` before.
        """
        if state.leases_from is None:
            return []
        to_owners: Iterator[Action] = chain(expiries(state, now), overdue(state))
        return [
            *revocations(state, now),
            *islice(to_owners, tells),
            *islice(_assignments(state, now), MOST),
        ]


def sent(state: SchedulerState, action: Action, now: datetime) -> None:
    """Note that a command was sent, so that the next plan does not send it again.

    An assignment takes its slot at once; `refused` gives it back. An expiry or a cancellation is planned again when
    no event of the task was read within 5 s.
    """
    match action:
        case AssignRun():
            state.assignments += 1
            account = state.accounts[action.account_id]
            account.served = state.assignments
            assigned(state, action.task_id, Run(attempt=action.attempt, worker_id=action.worker_id, since=now))
        case RevokeRun():
            state.to_revoke.pop((action.task_id, action.attempt), None)
            run = state.runs.get(action.task_id)
            if run is not None and (run.attempt, run.worker_id) == (action.attempt, action.worker_id):
                run.revoked = True
            worker = state.workers.get(action.worker_id)
            if worker is not None and action.task_id in worker.unwanted:
                worker.unwanted[action.task_id] = now
        case ExpireAttempt():
            state.sent[action.task_id, action.attempt] = now
        case CancelTask():
            look_at(state, action.task_id, now + REPEAT)


def refused(state: SchedulerState, action: Action) -> None:
    """The command certainly came to nothing: take back what `sent` noted, so that it is planned anew.

    An expiry or a cancellation stays noted: its refusal means that an event of the task is on its way.
    """
    match action:
        case AssignRun():
            run = state.runs.get(action.task_id)
            if run is not None and run.offset is None and run.attempt == action.attempt:
                unassigned(state, action.task_id)
                if state.tasks[action.task_id].attempt == action.attempt:
                    wait(state, action.task_id)
        case RevokeRun():
            state.to_revoke[action.task_id, action.attempt] = (action.worker_id, action.reason)
        case _:
            pass


class _Slots(msgspec.Struct):
    """Slots of one worker while a plan is made. `free` is negative when runs wait there; `work_s` is for all slots."""

    worker_id: str
    slots: int
    free: int
    work_s: float
    loaded: dict[Kind, bool]

    @property
    def full(self) -> bool:
        if self.free > 0:
            return False
        return self.work_s >= AHEAD_S * self.slots or self.free <= -MOST_AHEAD * self.slots


def _assignments(state: SchedulerState, now: datetime) -> Iterator[AssignRun]:
    workers = [
        slots
        for worker_id, worker in state.workers.items()
        if not worker.draining
        and now - worker.beat_at <= FRESH
        and not (slots := _slots(state, worker_id, worker)).full
    ]
    turns = Turns(state, now)
    kinds = _wanted(state, workers)
    while kinds and (task_id := turns.next(kinds)) is not None:
        task = state.tasks[task_id]
        worker = _worker_for(task, workers)
        worker.free -= 1
        worker.work_s += usual_seconds(state, task.kind)
        if worker.full:
            workers.remove(worker)
            kinds = _wanted(state, workers)
        yield AssignRun(
            task_id=task_id,
            attempt=task.attempt,
            account_id=task.account_id,
            worker_id=worker.worker_id,
            model=task.model,
            topic=task.topic,
            partition=task.partition,
            offset=task.offset,
        )


def _wanted(state: SchedulerState, workers: list[_Slots]) -> set[Kind]:
    """What these workers can do and tasks wait for."""
    return {kind for worker in workers for kind in worker.loaded if kind in state.waiting}


def _slots(state: SchedulerState, worker_id: str, worker: Worker) -> _Slots:
    taken = worker.runs.keys() | worker.holds.keys()
    work_s = sum(usual_seconds(state, task.kind) for t in taken if (task := state.tasks.get(t)) is not None)
    loaded = {(engine.id, engine.version): engine.loaded for engine in worker.engines}
    return _Slots(worker_id, worker.slots, worker.slots - len(taken), work_s, loaded)


def _worker_for(task: Task, workers: list[_Slots]) -> _Slots:
    able = [worker for worker in workers if task.kind in worker.loaded]
    return max(able, key=lambda w: (w.free > 0, w.loaded[task.kind], w.worker_id != task.last_worker, w.free))
