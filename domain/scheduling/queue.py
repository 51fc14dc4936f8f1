"""Who waits where, and how long about: an estimate by playing the fair share forward over the slots there are."""

from collections.abc import Generator, Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace
from typing import Final

import msgspec

from domain.runs.events import QueueChanged, QueuedTask
from domain.scheduling.state import Kind, SchedulerState, Turn

UNKNOWN_SECONDS: Final = 10.0
"""Of a model of which neither the catalog nor a run told how long it takes."""
REST_AFTER: Final = 500
LEFT_AT_LEAST: Final = 0.1
"""Share of the usual time that a run is thought to need still when it is late."""


class QueueView(msgspec.Struct, frozen=True):
    """`accounts`: what `lathe.progress` is told about each account with waiting tasks, by account id."""

    accounts: dict[str, QueueChanged]
    total: int
    no_worker_for: tuple[str, ...]
    """Models that waiting tasks want and no live worker has."""


def queue_view(state: SchedulerState, now: datetime, most: int | None = None) -> QueueView:
    """Positions (1 = next of all) and seconds until the result; `most`: of the first tasks of each account only.

    `eta_s` is None while no live worker has the model.
    """
    looking = look_ahead(state, now, most)
    while True:
        try:
            next(looking)
        except StopIteration as seen:
            view: QueueView = seen.value
            return view


def look_ahead(state: SchedulerState, now: datetime, most: int | None = None) -> Generator[None, None, QueueView]:
    """`queue_view`, with a rest after every few hundred tasks: others may change the state meanwhile.

    O(m log m) for the m tasks that are looked at, however many wait behind them.
    """
    pools = _pools(state, now)
    served = {kind for kinds, _ in pools for kind in kinds}
    missing = tuple(sorted({kind[0] for kind in state.waiting if kind not in served}))
    total = sum(len(turns) for by_account in state.waiting.values() for turns in by_account.values())
    found: dict[str, list[QueuedTask]] = {}
    for place, (kind, account_id, task_id) in enumerate(_in_turn(state, most), start=1):
        able = [heap for kinds, heap in pools if kind in kinds]
        eta = None
        if able:
            heap = min(able, key=lambda h: h[0])
            eta = heap[0] + usual_seconds(state, kind)
            heapreplace(heap, eta)
        told = found.setdefault(account_id, [])
        if most is None or len(told) < most:
            told.append(QueuedTask(task_id, place, None if eta is None else round(eta, 1)))
        if place % REST_AFTER == 0:
            yield
    accounts = {
        account_id: QueueChanged(tasks=tuple(tasks), total=total, no_worker_for=missing)
        for account_id, tasks in found.items()
    }
    return QueueView(accounts, total, missing)


def without_worker(state: SchedulerState, now: datetime) -> frozenset[Kind]:
    """What waiting tasks want and no live worker has."""
    live = [worker for worker in state.workers.values() if state.live(worker, now) and not worker.draining]
    return frozenset(kind for kind in state.waiting if not any(w.engine(kind) for w in live))


def _in_turn(state: SchedulerState, most: int | None) -> Iterator[tuple[Kind, str, str]]:
    """(kind, account id, task id) in the order of the fair share, as if every run took equally long.

    With `most`, so far into each account that its first `most` come at their true places.
    """
    running = [state.accounts[account_id].running for queues in state.waiting.values() for account_id in queues]
    deep = None if most is None else most + max(running, default=0) - min(running, default=0)
    merged: dict[str, list[tuple[Turn, Kind]]] = {}
    for kind, by_account in state.waiting.items():
        for account_id, turns in by_account.items():
            merged.setdefault(account_id, []).extend((turn, kind) for turn in turns[:deep])
    heap = []
    for account_id, tasks in merged.items():
        tasks.sort(reverse=True)
        account = state.accounts[account_id]
        heap.append((account.running, account.served, tasks[-1][0][1], account_id))
    heapify(heap)
    served = state.assignments
    while heap:
        runs, _, _, account_id = heappop(heap)
        turn, kind = merged[account_id].pop()
        served += 1
        yield kind, account_id, turn[2]
        if merged[account_id]:
            heappush(heap, (runs + 1, served, merged[account_id][-1][0][1], account_id))


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
