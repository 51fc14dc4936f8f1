"""Events of topic `lathe.accounts`, keyed by account id. Money is integer micro-credits."""

from datetime import datetime
from typing import Any

import msgspec

from domain.personal import Sealed


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of all events: frozen, JSON, new fields only with a default."""


class AccountOpened(Event, frozen=True, kw_only=True):
    """A registered user got an account with sign-up credits."""

    user_id: int
    granted: int


class AccountClosed(Event, frozen=True, kw_only=True):
    """Nothing is accepted any more."""


class CreditsAdjusted(Event, frozen=True, kw_only=True):
    """An admin gave (or took, when negative) credits. `reason` is a short code or text of the admin."""

    amount: int
    reason: str


class CreditsForfeited(Event, frozen=True, kw_only=True):
    """What a closed account had left is gone."""

    amount: int


class StoredFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file's bytes lie in the object store under `acct/<account id>/<sha256>`."""

    file_id: str
    name: Sealed
    """Cleaned original name; field id `file_name`, or `files.<i>.name` inside TaskRequested."""
    media_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None


class FileStored(Event, frozen=True, kw_only=True):
    """An uploaded file belongs to the account now."""

    file: StoredFile


class FileDeleted(Event, frozen=True, kw_only=True):
    """A file is no longer listed, and no new task may take it."""

    file_id: str


class TaskInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input of a task. `role` is `image`, or the view's name (`front`, `left`, …)."""

    role: str
    file_id: str
    sha256: str
    media_type: str
    bytes: int


class TaskRequested(Event, frozen=True, kw_only=True):
    """A task was accepted and its price reserved. Everything a run needs is pinned here."""

    task_id: str
    kind: str
    """`generate`; later `job`, `prediction`, `recognition`, `forecast`."""
    model: str
    model_version: str
    price: int
    reserved: int
    prompt: Sealed | None = None
    """Field id `prompt`."""
    prompt_length: int = 0
    inputs: tuple[TaskInput, ...] = ()
    files: tuple[StoredFile, ...] = ()
    """Files that came with the request itself."""
    params: dict[str, Any] = {}
    """Validated against the model's schema: formats, target_faces, texture_size, quality and the engine's own."""
    seed: int
    priority: int = 0
    deadline: datetime | None = None
    parent: str | None = None


class BatchFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that items of a batch take; told once, however many take it."""

    file_id: str
    sha256: str
    media_type: str
    bytes: int


class BatchItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task of a batch. Like TaskRequested."""

    task_id: str
    model: str
    model_version: str
    price: int
    prompt: Sealed | None = None
    """Field id `items.<i>.prompt`."""
    prompt_length: int = 0
    inputs: tuple[tuple[str, int], ...] = ()
    """(role, index into the batch's `files`) pairs."""
    params: dict[str, Any] = {}
    seed: int
    priority: int = 0
    deadline: datetime | None = None


class BatchRequested(Event, frozen=True, kw_only=True):
    """Up to 100 tasks were accepted together and their prices reserved at once. It is task sequence 1 of each."""

    batch_id: str
    kind: str
    reserved: int
    items: tuple[BatchItem, ...]
    files: tuple[BatchFile, ...] = ()
    prompts_sha256: str | None = None
    """Prompts that do not fit into one record: an object of the account with all of them, sealed, by field id."""


class TaskStarted(Event, frozen=True, kw_only=True):
    """The first (or a later) attempt began to run. `source` names the record in lathe.runs that led to it."""

    task_id: str
    attempt: int
    worker_id: str
    source_offset: int


class TaskRetried(Event, frozen=True, kw_only=True):
    """A new attempt is queued; `attempt` is its number (2, 3). `source_offset` if a run event led to it."""

    task_id: str
    attempt: int
    reason: str
    source_offset: int | None = None


class TaskCancelRequested(Event, frozen=True, kw_only=True):
    """The owner wants a running task cancelled; shown as `cancelling`. `reason` as in TaskCancelled."""

    task_id: str
    attempt: int
    reason: str = "client"


class Output(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One result file, stored under `acct/<account id>/<sha256>`. `file_id` is given by the owner."""

    format: str
    """`glb`, `obj`, `stl`, `fbx`, `3mf`, `usdz`, `webp` (a turntable), `preview` (PNG) or `report` (JSON: report,
    understood, ignored)."""
    file_id: str = ""
    media_type: str
    bytes: int
    sha256: str


class TaskCompleted(Event, frozen=True, kw_only=True):
    """A task's results are there and paid for. `charged` + `released` is what was reserved."""

    task_id: str
    attempt: int
    outputs: tuple[Output, ...]
    metrics: dict[str, float] = {}
    """Seconds by stage (`field_s`, `surface_s`, …), `faces`, …: numbers only."""
    charged: int
    released: int
    source_offset: int


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a task failed. `code` is a problem type; `message_sha256` an object with text that may repeat user input."""

    code: str
    kind: str
    """`bad-input`, `permanent`, `retryable` (attempts used up) or `deadline`."""
    message_sha256: str | None = None


class TaskFailed(Event, frozen=True, kw_only=True):
    """A task ended without results; what was reserved is released. `source_offset` if a run event led to it."""

    task_id: str
    attempt: int
    problem: Problem
    charged: int = 0
    released: int
    source_offset: int | None = None


class TaskCancelled(Event, frozen=True, kw_only=True):
    """`reason`: `client`, `deadline`, `account-closed`, `lease-expired`."""

    task_id: str
    attempt: int
    reason: str
    charged: int
    released: int
    source_offset: int | None = None


class WebhookAdded(Event, frozen=True, kw_only=True):
    """From here on the account's messages are posted to an address of its owner's, signed."""

    webhook_id: str
    url: Sealed
    """Field id `url`."""
    secret: Sealed
    """Field id `secret`: what signatures are made with (`whsec_…`, Standard Webhooks)."""
    description: Sealed | None = None
    """Field id `description`."""
    types: tuple[str, ...] = ()
    """Types of the messages that it gets; none: all."""


class WebhookChanged(Event, frozen=True, kw_only=True):
    """What is given replaces what was; an empty `types` means all. Field ids as in WebhookAdded."""

    webhook_id: str
    url: Sealed | None = None
    description: Sealed | None = None
    types: tuple[str, ...] | None = None
    enabled: bool | None = None


class WebhookSecretRotated(Event, frozen=True, kw_only=True):
    """A new secret signs. The one before it signs beside it until `previous_until`."""

    webhook_id: str
    secret: Sealed
    """Field id `secret`."""
    previous_until: datetime


class WebhookDisabled(Event, frozen=True, kw_only=True):
    """Nothing is posted there until its owner enables it: it failed for days, or said that it is gone."""

    webhook_id: str
    reason: str
    """`failing`, or `gone` (410)."""
    failing_since: datetime


class WebhookRemoved(Event, frozen=True, kw_only=True):
    """Nothing is posted there any more."""

    webhook_id: str
