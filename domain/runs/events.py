"""Events of `lathe.runs`, `lathe.progress` (both keyed by account id) and `lathe.workers` (keyed by worker id).

They carry codes, numbers and hashes only: text that may repeat user input lies in an object.
"""

from datetime import datetime

import msgspec

from domain.account.events import Event, Output, Problem


class RunStarted(Event, frozen=True, kw_only=True):
    """`sequence` is 1, 2, 3… within (task, attempt): readers deduplicate by (task, attempt, sequence)."""

    task_id: str
    attempt: int
    sequence: int
    worker_id: str
    device: str


class RunCheckpointed(Event, frozen=True, kw_only=True):
    """A stage lies in the object store: the task's next attempt can go on from it. `sha256` and `bytes` of its content;
    the same stage again replaces the one before."""

    task_id: str
    attempt: int
    sequence: int
    worker_id: str
    stage: str
    bytes: int
    sha256: str


class RunSucceeded(Event, frozen=True, kw_only=True):
    """All outputs were put to the object store before this was written. `Output.file_id` is empty here."""

    task_id: str
    attempt: int
    sequence: int
    worker_id: str
    outputs: tuple[Output, ...]
    metrics: dict[str, float] = {}


class RunFailed(Event, frozen=True, kw_only=True):
    """An attempt ended without results; whether the task is tried again is for its account's owner to say."""

    task_id: str
    attempt: int
    sequence: int
    worker_id: str
    problem: Problem


class RunCancelled(Event, frozen=True, kw_only=True):
    """`used_fraction` 0..1: the weights of the stages done."""

    task_id: str
    attempt: int
    sequence: int
    worker_id: str
    used_fraction: float


class RunProgressed(Event, frozen=True, kw_only=True):
    """At most every 250 ms; `fraction` never falls within an attempt."""

    task_id: str
    attempt: int
    fraction: float
    stage: str
    preview_sha256: str | None = None


class QueuedTask(msgspec.Struct, frozen=True):
    """A task's place in the queue. `eta_s` is null while nothing can be said."""

    task_id: str
    position: int
    """1 = next."""
    eta_s: float | None


class QueueChanged(Event, frozen=True, kw_only=True):
    """One account's queued tasks, at most once a second. `total` is the whole queue of all accounts."""

    tasks: tuple[QueuedTask, ...]
    total: int
    no_worker_for: tuple[str, ...] = ()
    """Models that queued tasks want and no live worker has."""


class HeldRun(msgspec.Struct, frozen=True):
    """An attempt that the worker is running."""

    task_id: str
    attempt: int


class Engine(msgspec.Struct, frozen=True):
    """An engine that the worker has; `loaded` if its weights are in memory."""

    id: str
    version: str
    loaded: bool = False


class WorkerBeat(Event, frozen=True, kw_only=True):
    """Every 2 s, and at once when a run begins or ends. `stopping` is the last one of a clean stop."""

    worker_id: str
    host: str
    device: str
    slots: int
    engines: tuple[Engine, ...]
    running: tuple[HeldRun, ...]
    assignments_offset: int
    """The offset in lathe.assignments from which this worker follows; nothing before it was or will be seen."""
    started_at: datetime
    draining: bool = False
    stopping: bool = False


class DrainRequested(Event, frozen=True, kw_only=True):
    """An operator wants the worker to take no more runs and to finish those it has; its heartbeats say `draining` then.

    `leave`: it ends its process after that. Otherwise it waits until somebody stops it.
    """

    worker_id: str
    leave: bool = False
