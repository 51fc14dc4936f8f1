"""Wire names of all events. The name is a contract for ever; the class may move."""

from typing import Final

import msgspec

from domain import ownership
from domain.account import events as account
from domain.catalog import events as catalog
from domain.identity import events as identity
from domain.runs import events as runs
from domain.scheduling import events as scheduling

EVENTS: Final[dict[str, type[msgspec.Struct]]] = {
    "lathe.account.opened.v1": account.AccountOpened,
    "lathe.account.closed.v1": account.AccountClosed,
    "lathe.credits.adjusted.v1": account.CreditsAdjusted,
    "lathe.credits.forfeited.v1": account.CreditsForfeited,
    "lathe.file.stored.v1": account.FileStored,
    "lathe.file.deleted.v1": account.FileDeleted,
    "lathe.task.requested.v1": account.TaskRequested,
    "lathe.batch.requested.v1": account.BatchRequested,
    "lathe.task.started.v1": account.TaskStarted,
    "lathe.task.retried.v1": account.TaskRetried,
    "lathe.task.cancel-requested.v1": account.TaskCancelRequested,
    "lathe.task.completed.v1": account.TaskCompleted,
    "lathe.task.failed.v1": account.TaskFailed,
    "lathe.task.cancelled.v1": account.TaskCancelled,
    "lathe.webhook.added.v1": account.WebhookAdded,
    "lathe.webhook.changed.v1": account.WebhookChanged,
    "lathe.webhook.secret-rotated.v1": account.WebhookSecretRotated,
    "lathe.webhook.disabled.v1": account.WebhookDisabled,
    "lathe.webhook.removed.v1": account.WebhookRemoved,
    "lathe.user.registered.v1": identity.UserRegistered,
    "lathe.user.profile-changed.v1": identity.UserProfileChanged,
    "lathe.user.role-changed.v1": identity.UserRoleChanged,
    "lathe.user.disabled.v1": identity.UserDisabled,
    "lathe.user.password-changed.v1": identity.PasswordChanged,
    "lathe.user.password-rehashed.v1": identity.PasswordRehashed,
    "lathe.user.deleted.v1": identity.UserDeleted,
    "lathe.model.published.v1": catalog.ModelPublished,
    "lathe.model.repriced.v1": catalog.ModelRepriced,
    "lathe.model.retired.v1": catalog.ModelRetired,
    "lathe.run.started.v1": runs.RunStarted,
    "lathe.run.checkpointed.v1": runs.RunCheckpointed,
    "lathe.run.succeeded.v1": runs.RunSucceeded,
    "lathe.run.failed.v1": runs.RunFailed,
    "lathe.run.cancelled.v1": runs.RunCancelled,
    "lathe.run.progressed.v1": runs.RunProgressed,
    "lathe.queue.changed.v1": runs.QueueChanged,
    "lathe.worker.beat.v1": runs.WorkerBeat,
    "lathe.worker.drain-requested.v1": runs.DrainRequested,
    "lathe.run.assigned.v1": scheduling.RunAssigned,
    "lathe.run.revoked.v1": scheduling.RunRevoked,
    "lathe.ownership.claimed.v1": ownership.OwnershipClaimed,
    "lathe.owner.announced.v1": ownership.OwnerAnnounced,
}

TYPE_OF: Final[dict[type[msgspec.Struct], str]] = {cls: name for name, cls in EVENTS.items()}

READ_FIRST: Final[frozenset[str]] = frozenset()
"""Wire names that this release reads and does not write yet: the next one takes them out of here, and writes them.

So there is never a record in the log that a reader beside its writer does not know (docs/how-to/change-an-event.md).
"""
