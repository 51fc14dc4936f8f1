"""How a task moves between its queue, a worker and its end: the books that every event and decision keeps.

Each function leaves queues, runs, slots and the accounts' counts in agreement.
"""

from bisect import bisect_left, insort
from datetime import datetime
from heapq import heapify, heappush

from domain.scheduling.state import Run, SchedulerState, Task


def wait(state: SchedulerState, task_id: str) -> None:
    """Put a task into its account's queue."""
    task = state.tasks[task_id]
    queue = state.waiting.setdefault(task.kind, {}).setdefault(task.account_id, [])
    insort(queue, task.turn(task_id))


def leave_queue(state: SchedulerState, task_id: str, task: Task) -> None:
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


def look_at(state: SchedulerState, task_id: str, when: datetime | None) -> None:
    """Look at the task's deadline then, and not when it was to be looked at before; None: not at all."""
    state.overdue.pop(task_id, None)
    state.deadlines.pop(task_id, None)
    if when is not None:
        state.deadlines[task_id] = when
        heappush(state.looks, (when, task_id))
    if len(state.looks) > 2 * len(state.deadlines):
        state.looks = [(when, task_id) for task_id, when in state.deadlines.items()]
        heapify(state.looks)


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
    leave_queue(state, task_id, task)
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
        free(state, task_id, run, ended=ended)
    return run


def let_go(state: SchedulerState, task_id: str, reason: str, *, ended: bool) -> None:
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


def end(state: SchedulerState, task_id: str, reason: str, *, ended: bool) -> None:
    task = state.tasks.get(task_id)
    if task is None:
        return
    leave_queue(state, task_id, task)
    state.sent.pop((task_id, task.attempt), None)
    look_at(state, task_id, None)
    let_go(state, task_id, reason, ended=ended)
    del state.tasks[task_id]
    account = state.accounts[task.account_id]
    account.tasks -= 1
    if account.tasks == 0:
        del state.accounts[task.account_id]


def seen(state: SchedulerState, task_id: str, attempt: int) -> None:
    run = state.runs.get(task_id)
    if run is not None and run.attempt == attempt:
        run.seen = True


def free(state: SchedulerState, task_id: str, run: Run, *, ended: bool) -> None:
    worker = state.workers.get(run.worker_id)
    if worker is None:
        return
    if worker.runs.get(task_id) == run.attempt:
        del worker.runs[task_id]
    if ended and worker.holds.get(task_id) == run.attempt:
        del worker.holds[task_id]
        worker.unwanted.pop(task_id, None)
