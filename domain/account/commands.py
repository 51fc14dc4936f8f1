"""Commands and questions to one account. All travel between processes as JSON, tagged with their class name."""

from datetime import datetime
from typing import Any

import msgspec

from domain.account.events import Output, Problem, StoredFile
from domain.personal import Sealed


class Command(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Base. `account_id` is the stream it goes to."""

    account_id: str


class OpenAccount(Command, frozen=True, kw_only=True):
    """Internal, repeatable: replies with the account when it is open already."""

    user_id: int
    sign_up_credits: int


class CloseAccount(Command, frozen=True, kw_only=True):
    """Internal, repeatable."""


class ForfeitCredits(Command, frozen=True, kw_only=True):
    """Internal, repeatable: what a closed account has free to spend is lost. Replies when there is nothing."""


class AdjustCredits(Command, frozen=True, kw_only=True):
    amount: int
    reason: str


class StoreFile(Command, frozen=True, kw_only=True):
    file: StoredFile


class DeleteFile(Command, frozen=True, kw_only=True):
    file_id: str


class RequestTask(Command, frozen=True, kw_only=True):
    """`model`, `model_version` and `price` were read from the catalog by the handler, `params` validated by its schema.

    `inputs` name files of this account by id (checked by decide, which fills in hash, type and size) or files in
    `files`, which came with the request.
    """

    task_id: str
    kind: str
    model: str
    model_version: str
    price: int
    max_credits: int | None = None
    prompt: Sealed | None = None
    prompt_length: int = 0
    inputs: tuple[tuple[str, str], ...] = ()
    """(role, file id) pairs."""
    files: tuple[StoredFile, ...] = ()
    params: dict[str, Any] = {}
    seed: int
    priority: int = 0
    deadline: datetime | None = None
    parent: str | None = None
    """A task of this account that this one is a fork of; its input files may be among `inputs`."""
    max_queued: int = 20
    """The account's limit of tasks that are not terminal and not running."""


class RequestBatch(Command, frozen=True, kw_only=True):
    """All of `items` or none of them. Their prompts are sealed as `items.<i>.prompt`, or stand in an object.

    `max_credits` is the limit of the sum; `max_queued` that of the tasks which wait before the batch.
    """

    batch_id: str
    items: tuple[RequestTask, ...]
    max_credits: int | None = None
    max_queued: int = 20
    prompts_sha256: str | None = None
    """The object with the sealed prompts of those items that have a `prompt_length` and no `prompt`."""


class CancelTask(Command, frozen=True, kw_only=True):
    """From the client (`reason="client"`), or from a reactor or the scheduler (`account-closed`, `deadline`)."""

    task_id: str
    reason: str = "client"
    expected_seqs: tuple[int, ...] | None = None
    """The task's sequences that the client would have it cancelled at (If-Match); None: at any."""


class RetryTask(Command, frozen=True, kw_only=True):
    """A new task with the pinned request of a failed or cancelled one and `parent` set; today's price.

    `params` are the parent's, validated against today's schema.
    """

    task_id: str
    new_task_id: str
    price: int
    model_version: str
    params: dict[str, Any]
    max_credits: int | None = None
    max_queued: int = 20
    prompt: Sealed | None = None
    """The parent's prompt, sealed anew for the new event."""
    seed: int | None = None
    """None: the parent's."""


class ExpireAttempt(Command, frozen=True, kw_only=True):
    """The scheduler: this attempt's lease ended."""

    task_id: str
    attempt: int


class ApplyRunStarted(Command, frozen=True, kw_only=True):
    """Run events of lathe.runs, as commands of the account's owner. `source_offset` is their offset there."""

    task_id: str
    attempt: int
    worker_id: str
    source_offset: int


class ApplyRunSucceeded(Command, frozen=True, kw_only=True):
    task_id: str
    attempt: int
    outputs: tuple[Output, ...]
    metrics: dict[str, float] = {}
    source_offset: int


class ApplyRunFailed(Command, frozen=True, kw_only=True):
    task_id: str
    attempt: int
    problem: Problem
    source_offset: int


class ApplyRunCancelled(Command, frozen=True, kw_only=True):
    task_id: str
    attempt: int
    used_fraction: float
    source_offset: int


class AddWebhook(Command, frozen=True, kw_only=True):
    """`url` and `secret` are sealed as the event's fields; `types` known ones, checked by the handler."""

    webhook_id: str
    url: Sealed
    secret: Sealed
    description: Sealed | None = None
    types: tuple[str, ...] = ()


class ChangeWebhook(Command, frozen=True, kw_only=True):
    """What is None stays."""

    webhook_id: str
    url: Sealed | None = None
    description: Sealed | None = None
    types: tuple[str, ...] | None = None
    enabled: bool | None = None


class RotateWebhookSecret(Command, frozen=True, kw_only=True):
    webhook_id: str
    secret: Sealed
    previous_until: datetime


class DisableWebhook(Command, frozen=True, kw_only=True):
    """Internal, repeatable: replies when it is disabled, or was changed since `failing_since`."""

    webhook_id: str
    reason: str
    failing_since: datetime


class RemoveWebhook(Command, frozen=True, kw_only=True):
    webhook_id: str


class DescribeRun(Command, frozen=True, kw_only=True):
    """Question: the order of one attempt, for its worker. Replies with the pinned request; NotFound, NotInState."""

    task_id: str
    attempt: int


class DescribeRequest(Command, frozen=True, kw_only=True):
    """Question: the pinned request of a task, whatever its state (for a retry or a fork: prompts are sealed anew)."""

    task_id: str


class DescribeFile(Command, frozen=True, kw_only=True):
    """Question: a file of the account. NotFound."""

    file_id: str


class DescribeBatch(Command, frozen=True, kw_only=True):
    """Question: a batch with its tasks as they are now. NotFound."""

    batch_id: str


class DescribeTask(Command, frozen=True, kw_only=True):
    """Question: the task as its owner knows it."""

    task_id: str


class DescribeWebhook(Command, frozen=True, kw_only=True):
    """Question: an endpoint of the account. NotFound."""

    webhook_id: str


class DescribeAccount(Command, frozen=True, kw_only=True):
    """Question: wallet and state."""


class DescribeOpenTasks(Command, frozen=True, kw_only=True):
    """Question: the ids of the tasks that did not end, in the order they were requested."""


AccountCommand = (
    OpenAccount
    | CloseAccount
    | ForfeitCredits
    | AdjustCredits
    | StoreFile
    | DeleteFile
    | RequestTask
    | RequestBatch
    | CancelTask
    | RetryTask
    | ExpireAttempt
    | ApplyRunStarted
    | ApplyRunSucceeded
    | ApplyRunFailed
    | ApplyRunCancelled
    | AddWebhook
    | ChangeWebhook
    | RotateWebhookSecret
    | DisableWebhook
    | RemoveWebhook
    | DescribeRun
    | DescribeRequest
    | DescribeTask
    | DescribeFile
    | DescribeBatch
    | DescribeWebhook
    | DescribeAccount
    | DescribeOpenTasks
)
