"""The queue as Prometheus sees it: how many tasks wait for each model, and how long the oldest has waited."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from domain.scheduling.queue import without_worker
from domain.scheduling.state import SchedulerState, Turn
from processors.scheduler import metrics

EVERY_S: Final = 1.0


class QueueFigures:
    """Models that were told of once are told of again, as empty: a figure must not stay what it was."""

    def __init__(self) -> None:
        self._models: set[str] = set()

    def tell(self, state: SchedulerState, now: datetime) -> None:
        """Call it once a second at most: it looks at the first tasks of every account that waits."""
        lengths: Counter[str] = Counter()
        oldest: dict[str, datetime] = {}
        for (model, _), by_account in state.waiting.items():
            for turns in by_account.values():
                lengths[model] += len(turns)
                for since in _oldest(state, turns):
                    oldest[model] = min(oldest.get(model, now), since)
        ages = {model: (now - since).total_seconds() for model, since in oldest.items()}
        for model in self._models | set(lengths):
            metrics.QUEUE.labels(model).set(lengths[model])
            metrics.QUEUE_AGE.labels(model).set(ages.get(model, 0.0))
        self._models |= set(lengths)
        stuck = (turns for kind in without_worker(state, now) for turns in state.waiting[kind].values())
        metrics.NO_WORKER.set(sum(map(len, stuck)))
        metrics.TASKS.set(len(state.tasks))
        metrics.RUNS.set(len(state.runs))
        metrics.WORKERS.set(len(state.workers))


def _oldest(state: SchedulerState, turns: list[Turn]) -> Iterator[datetime]:
    """When the oldest of each priority was requested: turns stand in the order of priority, then of requests."""
    at = 0
    while at < len(turns):
        since = state.tasks[turns[at][2]].requested_at
        if since is not None:
            yield since
        at = bisect_right(turns, turns[at][0], at, key=lambda turn: turn[0])
