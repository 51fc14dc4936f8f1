"""The queue as Prometheus sees it: how many tasks wait for each model, and how long the oldest has waited."""

from collections import Counter
from datetime import datetime
from typing import Final

from domain.scheduling.queue import no_worker_for
from domain.scheduling.state import SchedulerState
from processors.scheduler import metrics

EVERY_S: Final = 1.0


class QueueFigures:
    """Models that were told of once are told of again, as empty: a figure must not stay what it was."""

    def __init__(self) -> None:
        self._models: set[str] = set()

    def tell(self, state: SchedulerState, now: datetime) -> None:
        """O(waiting tasks): call it once a second at most."""
        lengths: Counter[str] = Counter()
        ages: dict[str, float] = {}
        for (model, _), by_account in state.waiting.items():
            for turns in by_account.values():
                lengths[model] += len(turns)
                for _, _, task_id in turns:
                    since = state.tasks[task_id].requested_at
                    if since is not None:
                        ages[model] = max(ages.get(model, 0.0), (now - since).total_seconds())
        for model in self._models | set(lengths):
            metrics.QUEUE.labels(model).set(lengths[model])
            metrics.QUEUE_AGE.labels(model).set(ages.get(model, 0.0))
        self._models |= set(lengths)
        metrics.NO_WORKER.set(sum(lengths[model] for model in no_worker_for(state, now)))
        metrics.TASKS.set(len(state.tasks))
        metrics.RUNS.set(len(state.runs))
        metrics.WORKERS.set(len(state.workers))
