"""Who waits where, and how long about: an estimate by playing the fair share forward over the slots there are."""

from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace
from typing import Final

import msgspec

from domain.runs.events import QueueChanged, QueuedTask
from domain.scheduling.state import Kind, SchedulerState

UNKNOWN_SECONDS: Final = 10.0
"""Of a model of which neither the catalog nor a run told how long it takes."""
LEFT_AT_LEAST: Final = 0.1
"""Share of the usual time that a run is thought to need still when it is late."""


class QueueView(msgspec.Struct, frozen=True):
    """`accounts`: what `lathe.progress` is told about each account with waiting tasks, by account id."""

    accounts: dict[str, QueueChanged]
    total: int
    no_worker_for: tuple[str, ...]
    """Models that waiting tasks want and no live worker has."""


def queue_view(state: SchedulerState, now: datetime) -> QueueView:
    """Positions (1 = next of all) and seconds until the result, for every task that waits for a worker.

    `eta_s` is None while no live worker has the model. O(n log n) for n waiting tasks.
    """
    pools = _pools(state, now)
    served = {kind for kinds, _ in pools for kind in kinds}
    missing = tuple(sorted({kind[0] for kind in state.waiting if kind not in served}))
    found: dict[str, list[QueuedTask]] = {}
    total = 0
    for total, (kind, account_id, task_id) in enumerate(_in_turn(state), start=1):
        able = [heap for kinds, heap in pools if kind in kinds]
        eta = None
        if able:
            heap = min(able, key=lambda h: h[0])
            eta = heap[0] + usual_seconds(state, kind)
            heapreplace(heap, eta)
        found.setdefault(account_id, []).append(QueuedTask(task_id, total, None if eta is None else round(eta, 1)))
    accounts = {
        account_id: QueueChanged(tasks=tuple(tasks), total=total, no_worker_for=missing)
        for account_id, tasks in found.items()
    }
    return QueueView(accounts, total, missing)


def no_worker_for(state: SchedulerState, now: datetime) -> tuple[str, ...]:
    """Models that waiting tasks want and no live worker has."""
    live = [worker for worker in state.workers.values() if state.live(worker, now) and not worker.draining]
    return tuple(sorted({kind[0] for kind in state.waiting if not any(w.engine(kind) for w in live)}))


def _in_turn(state: SchedulerState) -> list[tuple[Kind, str, str]]:
    """(kind, account id, task id) in the order of the fair share, as if every run took equally long."""
    merged: dict[str, list[tuple[tuple[int, int, str], Kind]]] = {}
    for kind, by_account in state.waiting.items():
        for account_id, turns in by_account.items():
            merged.setdefault(account_id, []).extend((turn, kind) for turn in turns)
    heap = []
    for account_id, tasks in merged.items():
        tasks.sort(reverse=True)
        account = state.accounts[account_id]
        heap.append((account.running, account.served, tasks[-1][0][1], account_id))
    heapify(heap)
    order = []
    while heap:
        running, _, _, account_id = heappop(heap)
        turn, kind = merged[account_id].pop()
        order.append((kind, account_id, turn[2]))
        if merged[account_id]:
            served = state.assignments + len(order)
            heappush(heap, (running + 1, served, merged[account_id][-1][0][1], account_id))
    return order


def _pools(state: SchedulerState, now: datetime) -> list[tuple[frozenset[Kind], list[float]]]:
    """Live workers that can do the same, together: what they can do, and a heap of seconds until each slot is free."""
    pools: dict[frozenset[Kind], list[float]] = {}
    for worker in state.workers.values():
        if worker.draining or not state.live(worker, now):
            continue
        busy = [_left(state, task_id, now) for task_id in worker.runs.keys() | worker.holds.keys()]
        slots = [0.0] * (worker.slots - len(busy)) + sorted(busy)[: worker.slots]
        if slots:
            kinds = frozenset((engine.id, engine.version) for engine in worker.engines)
            pools.setdefault(kinds, []).extend(slots)
    for heap in pools.values():
        heapify(heap)
    return list(pools.items())


def _left(state: SchedulerState, task_id: str, now: datetime) -> float:
    task = state.tasks.get(task_id)
    if task is None:
        return 0.0
    usual = usual_seconds(state, task.kind)
    run = state.runs.get(task_id)
    since = task.started_at or (None if run is None else run.since)
    spent = 0.0 if since is None else (now - since).total_seconds()
    return max(usual - spent, usual * LEFT_AT_LEAST)


def usual_seconds(state: SchedulerState, kind: Kind) -> float:
    """How long a run of this kind takes, by what was seen or the catalog says."""
    return state.seconds.get(kind[0], UNKNOWN_SECONDS)
