"""What the scheduler knows: live tasks, runs, workers. A fold of lathe.accounts, lathe.assignments, lathe.runs and
lathe.workers, whose events may come in any order between topics.

Nothing of a task stays once it ended. Plain values only. Times are UTC.
"""

from datetime import datetime, timedelta

import msgspec

from domain.runs.events import Engine

LEASE = timedelta(seconds=10)
"""A worker that said nothing for so long has lost its runs (it kills them itself after 8 s)."""

Turn = tuple[int, int, str]
"""A waiting task's place within its account: (-priority, order of the request, task id)."""

Kind = tuple[str, str]
"""(model, version): what a task needs and a worker's engine is."""


class Task(msgspec.Struct, kw_only=True, gc=False):
    """A task that is not terminal."""

    account_id: str
    model: str
    version: str
    priority: int
    order: int
    """1, 2, 3… over all tasks, as they were read."""
    topic: str
    partition: int
    offset: int
    """Where the event that requested it stands: its TaskRequested, or the BatchRequested of its batch."""
    deadline: datetime | None
    attempt: int = 1
    started_at: datetime | None = None
    """Start of the present attempt; None while it is queued or given to a worker that did not start it yet."""
    cancelling_since: datetime | None = None
    requested_at: datetime | None = None
    correlation_id: str = ""
    """Of the request that asked for the task: assignments carry it on."""
    traceparent: str | None = None
    last_worker: str | None = None
    """Who had the attempt before: another one is preferred for the next."""

    @property
    def kind(self) -> Kind:
        return (self.model, self.version)

    def turn(self, task_id: str) -> Turn:
        return (-self.priority, self.order, task_id)


class Run(msgspec.Struct, kw_only=True, gc=False):
    """An attempt that was given to a worker."""

    attempt: int
    worker_id: str
    since: datetime
    """When it was assigned."""
    offset: int | None = None
    """Where its RunAssigned stands in lathe.assignments; None until that was read."""
    seen: bool = False
    """The worker showed that it has it."""
    gone_since: datetime | None = None
    """The worker had it, and its heartbeats do not name it since then."""
    reported: bool = False
    """The worker said how it ended: the account's owner decides, whatever becomes of the worker."""
    revoked: bool = False


class Worker(msgspec.Struct, kw_only=True):
    """A worker by its heartbeats."""

    slots: int
    engines: tuple[Engine, ...]
    beat_at: datetime
    """When it was last heard, by the scheduler's clock."""
    assignments_offset: int
    draining: bool = False
    stopped: bool = False
    drain_requested: bool = False
    """An operator said so; its heartbeats say it too, once it has heard."""
    runs: dict[str, int] = {}
    """Task id -> attempt, of the runs that take a slot as far as the scheduler knows."""
    holds: dict[str, int] = {}
    """The same, as its last heartbeat named them."""
    unwanted: dict[str, datetime] = {}
    """Those of them that the scheduler knows nothing of, or nothing any more, and since when."""

    def engine(self, kind: Kind) -> Engine | None:
        for engine in self.engines:
            if (engine.id, engine.version) == kind:
                return engine
        return None


class Account(msgspec.Struct, gc=False):
    """Fair share: who runs less comes first, and of those, who was served longest ago."""

    tasks: int = 0
    """Its live tasks."""
    running: int = 0
    """Those that were given to a worker."""
    served: int = 0
    """The number of the assignment it got last."""


class SchedulerState(msgspec.Struct):
    tasks: dict[str, Task] = {}
    runs: dict[str, Run] = {}
    """The latest run of a task, by task id."""
    waiting: dict[Kind, dict[str, list[Turn]]] = {}
    """Kind -> account id -> its tasks that wait for a worker, next first."""
    deadlines: dict[str, datetime] = {}
    """When to look at it next, of tasks that have one and did not start."""
    looks: list[tuple[datetime, str]] = []
    """These as a heap, which may still hold what is not looked at any more."""
    overdue: dict[str, None] = {}
    """Those whose time has come, in this order: their owner is to be told."""
    accounts: dict[str, Account] = {}
    """Those with live tasks."""
    workers: dict[str, Worker] = {}
    early: dict[str, Run] = {}
    """Runs whose TaskRequested was not read yet, by task id."""
    to_revoke: dict[tuple[str, int], tuple[str, str]] = {}
    """(task id, attempt) -> (worker id, reason): runs that nobody wants any more and that were not revoked yet."""
    sent: dict[tuple[str, int], datetime] = {}
    """(task id, attempt) -> when the account's owner was told that it is over, whose answer was not read yet."""
    read: dict[int, int] = {}
    """Partition of lathe.accounts -> next offset to read."""
    seconds: dict[str, float] = {}
    """Model -> how long a run takes: a moving average of what was seen, or what the catalog says."""
    orders: int = 0
    assignments: int = 0
    leases_from: datetime | None = None
    """Leases count from here on at the earliest; None while lathe.workers is not read to its end."""
    observed_at: datetime | None = None

    def live(self, worker: Worker, now: datetime) -> bool:
        """Whether the worker's lease holds. Unknown (True) while the heartbeats are not read to the end."""
        if worker.stopped:
            return False
        return self.leases_from is None or now - max(worker.beat_at, self.leases_from) <= LEASE
