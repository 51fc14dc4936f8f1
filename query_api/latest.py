"""The newest that is known of tasks under way: progress and places in the queue. In memory only: it is no truth."""

from collections import OrderedDict
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from domain.runs.events import QueueChanged, QueuedTask, RunProgressed

REMEMBERED: Final = 50_000
"""Tasks, and accounts, that are remembered at most."""
Known = TypeVar("Known", "Attempt", QueueChanged)
_ENOUGH: Final = 0.1
"""Share of an attempt that must have been seen before anything is said of the rest."""


class Now(msgspec.Struct, frozen=True):
    """`progress` 0..1 of the attempt; `queue_position` 1 = next; `eta_s` seconds until it is done, roughly."""

    progress: float = 0.0
    stage: str | None = None
    queue_position: int | None = None
    eta_s: float | None = None
    message: str | None = None
    no_worker: bool = False
    """Queued, and no live worker has its model."""
    preview: str | None = None
    """SHA-256 of a picture of what is there so far: an object of the account."""


class Attempt(msgspec.Struct, frozen=True):
    """An attempt under way, as it was first heard of and as it stands."""

    first: RunProgressed
    first_at: datetime
    now: RunProgressed
    now_at: datetime

    @property
    def eta_s(self) -> float | None:
        """Seconds until it is done, if it goes on as it went since it was first heard of."""
        seen = self.now.fraction - self.first.fraction
        if seen < _ENOUGH:
            return None
        return round((self.now_at - self.first_at).total_seconds() / seen * (1 - self.now.fraction), 1)


class Latest:
    """Fed by the tail of `lathe.progress`; forgets the oldest."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, Attempt] = OrderedDict()
        self._queues: OrderedDict[str, QueueChanged] = OrderedDict()

    def progressed(self, event: RunProgressed, at: datetime) -> bool:
        """False when it tells nothing new: progress never goes back within an attempt, nor to an earlier one."""
        known = self._runs.get(event.task_id)
        if known is not None and (event.attempt, event.fraction) < (known.now.attempt, known.now.fraction):
            return False
        if known is None or known.now.attempt != event.attempt:
            known = Attempt(event, at, event, at)
        _keep(self._runs, event.task_id, msgspec.structs.replace(known, now=event, now_at=at))
        return True

    def queue_changed(self, account_id: str, event: QueueChanged) -> None:
        if event.tasks:
            _keep(self._queues, account_id, event)
        else:
            self._queues.pop(account_id, None)

    def ended(self, task_id: str) -> None:
        """Nothing more will come of it."""
        self._runs.pop(task_id, None)

    def of(self, account_id: str, task_id: str, status: str, attempt: int, model: str) -> Now:
        """What is known of a task that stands as its owner says."""
        if status == "completed":
            return Now(1.0)
        if status == "queued":
            return self._queued(account_id, task_id, model)
        known = self._runs.get(task_id)
        if known is None or known.now.attempt != attempt:
            return Now(stage="starting" if status in ("running", "cancelling") else None)
        run, eta_s = known.now, known.eta_s if status == "running" else None
        return Now(run.fraction, run.stage, eta_s=eta_s, message=_sentence(run.stage), preview=run.preview_sha256)

    def _queued(self, account_id: str, task_id: str, model: str) -> Now:
        queue = self._queues.get(account_id)
        place: QueuedTask | None = None
        if queue is not None:
            place = next((item for item in queue.tasks if item.task_id == task_id), None)
        if queue is None or place is None:
            return Now(stage="queued", message="Waiting in the queue")
        if place.eta_s is None and model in queue.no_worker_for:  # not of another version
            message = f"No worker can run {model} at present"
            return Now(0.0, "queued", place.position, None, message, no_worker=True)
        about = "" if place.eta_s is None else f", about {round(place.eta_s)} s"
        return Now(0.0, "queued", place.position, place.eta_s, f"Place {place.position} in the queue{about}")


def _sentence(stage: str) -> str:
    return stage.replace("-", " ").replace("_", " ").capitalize()


def _keep(kept: "OrderedDict[str, Known]", key: str, value: Known) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
