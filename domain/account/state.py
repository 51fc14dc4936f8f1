"""The state of one partition of `lathe.accounts`: its accounts with their wallets, files and tasks.

Times are UTC, money is integer micro-credits. The latest tasks that ended and the latest files are kept whole, older
ones as rows of an archive.
"""

from datetime import datetime

import msgspec

from domain.account.archive import Archive
from domain.account.events import Problem, TaskInput
from domain.account.status import TERMINAL as TERMINAL
from domain.account.status import Status as Status
from domain.idempotency import Keys
from domain.personal import SealedAt


class Wallet(msgspec.Struct, gc=False):
    """balance + reserved = granted - charged - forfeited, after every event. `balance` is what is free to spend."""

    balance: int = 0
    reserved: int = 0
    granted: int = 0
    charged: int = 0
    forfeited: int = 0

    @property
    def adds_up(self) -> bool:
        return self.balance + self.reserved == self.granted - self.charged - self.forfeited


class File(msgspec.Struct, frozen=True, gc=False):
    """A stored file. An uploaded one has a sealed name; a result is named by its task: `<task id>.<ending>`."""

    name: SealedAt | None
    media_type: str
    bytes: int
    sha256: str
    created_at: datetime
    width: int | None = None
    height: int | None = None
    task_id: str | None = None
    """The task that made it, if it is a result."""
    format: str | None = None
    """What kind of result it is."""
    offset: int = 0
    """Where the event stands that brought it."""


class Task(msgspec.Struct, kw_only=True, gc=False):
    """One task. `seq` counts its events (1 is TaskRequested); `attempt` is the present one, from 1."""

    status: Status = Status.QUEUED
    seq: int = 1
    attempt: int = 1
    kind: str
    model: str
    model_version: str
    price: int
    reserved: int
    """Still reserved: 0 once the task ended."""
    charged: int = 0
    params: bytes
    """JSON, as it was validated."""
    seed: int
    priority: int = 0
    deadline: datetime | None = None
    parent: str | None = None
    prompt: SealedAt | None = None
    """Kept with `inputs` when the task ended: any task can be forked."""
    prompt_length: int = 0
    inputs: tuple[TaskInput, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    """(format, file id)."""
    problem: Problem | None = None
    reason: str | None = None
    """Why it was (or is being) cancelled."""
    created_at: datetime
    started_at: datetime | None = None
    """Start of the latest attempt that ran."""
    ended_at: datetime | None = None
    batch_id: str | None = None
    requested: int = 0
    """Offset of the event that requested it."""
    ended: int = 0
    """Offset of the event that ended it."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where messages about the account are posted."""

    url: SealedAt
    secret: SealedAt
    previous: SealedAt | None = None
    """The secret before this one; it signs too until `previous_until`."""
    previous_until: datetime | None = None
    description: SealedAt | None = None
    types: tuple[str, ...] = ()
    """None: all."""
    enabled: bool = True
    disabled_because: str | None = None
    """`failing`, `gone`; None when its owner disabled it."""
    created_at: datetime
    updated_at: datetime


class Account(msgspec.Struct, kw_only=True):
    """Everything one account decides by itself."""

    number: int
    """Which one of the partition it is, from 0: what the archive calls it."""
    user_id: int
    opened_at: datetime
    closed: bool = False
    wallet: Wallet = msgspec.field(default_factory=Wallet)
    files: dict[str, File] = {}
    tasks: dict[str, Task] = {}
    batches: dict[str, tuple[str, ...]] = {}
    """Ids of the tasks of each batch."""
    webhooks: dict[str, Webhook] = {}
    live: dict[str, None] = {}
    """Ids of the tasks that are not terminal, in the order they were requested."""
    queued: int = 0
    """How many of them are queued."""


class Accounts(msgspec.Struct):
    """The accounts of one partition by id, and where to read on in the same partition of lathe.runs."""

    accounts: dict[str, Account] = {}
    keys: Keys = msgspec.field(default_factory=Keys)
    archive: Archive = msgspec.field(default_factory=Archive)
    """What of them is old."""
    runs_position: int = 0
    """The next offset there: one past that of the last run event which led to an event here."""
