"""The decider of `lathe.accounts`: which rule answers which command, and which fold takes which event."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from sys import maxsize
from typing import Any, Final

import msgspec

from domain.account import batches, endings, files, questions, requests, runs, wallet, webhooks
from domain.account import commands as c
from domain.account import events as e
from domain.account.restoring import at_hand, put_away
from domain.account.state import Accounts
from domain.account.views import view
from domain.decider import Append, Context, Recalled, Reply
from domain.envelope import Envelope
from domain.idempotency import once

Decide = Callable[[Accounts, Any, Context], Append | Reply]
Evolve = Callable[[Accounts, str, Any, Envelope], None]

DECIDE: Final[dict[type[c.Command], Decide]] = {
    c.OpenAccount: wallet.open_account,
    c.CloseAccount: wallet.close_account,
    c.AdjustCredits: wallet.adjust_credits,
    c.ForfeitCredits: wallet.forfeit_credits,
    c.StoreFile: files.store_file,
    c.DeleteFile: files.delete_file,
    c.RequestTask: requests.request_task,
    c.RequestBatch: batches.request_batch,
    c.RetryTask: requests.retry_task,
    c.CancelTask: runs.cancel_task,
    c.ExpireAttempt: runs.expire_attempt,
    c.ApplyRunStarted: runs.run_started,
    c.ApplyRunSucceeded: runs.run_succeeded,
    c.ApplyRunFailed: runs.run_failed,
    c.ApplyRunCancelled: runs.run_cancelled,
    c.AddWebhook: webhooks.add,
    c.ChangeWebhook: webhooks.change,
    c.RotateWebhookSecret: webhooks.rotate_secret,
    c.DisableWebhook: webhooks.disable,
    c.RemoveWebhook: webhooks.remove,
    c.DescribeRun: questions.describe_run,
    c.DescribeRequest: questions.describe_request,
    c.DescribeTask: questions.describe_task,
    c.DescribeFile: questions.describe_file,
    c.DescribeBatch: questions.describe_batch,
    c.DescribeWebhook: webhooks.describe,
    c.DescribeAccount: questions.describe_account,
    c.DescribeOpenTasks: questions.describe_open_tasks,
}

EVOLVE: Final[dict[type[msgspec.Struct], Evolve]] = {
    e.AccountOpened: wallet.opened,
    e.AccountClosed: wallet.closed,
    e.CreditsAdjusted: wallet.adjusted,
    e.CreditsForfeited: wallet.forfeited,
    e.FileStored: files.stored,
    e.FileDeleted: files.deleted,
    e.TaskRequested: requests.requested,
    e.BatchRequested: batches.requested,
    e.TaskStarted: endings.started,
    e.TaskRetried: endings.retried,
    e.TaskCancelRequested: endings.cancel_requested,
    e.TaskCompleted: endings.completed,
    e.TaskFailed: endings.failed,
    e.TaskCancelled: endings.cancelled,
    e.WebhookAdded: webhooks.evolve,
    e.WebhookChanged: webhooks.evolve,
    e.WebhookSecretRotated: webhooks.evolve,
    e.WebhookDisabled: webhooks.evolve,
    e.WebhookRemoved: webhooks.evolve,
}


WHOLE_TASKS: Final = 500
WHOLE_FILES: Final = 2000
"""How many of a partition's latest ended tasks and latest files stay whole."""


class AccountDecider:
    """Implements `domain.decider.Decider[Accounts, AccountCommand]` and `Recalling`. One stream is one account.

    Its state keeps the latest `tasks` that ended and the latest `files` whole; None: all of them.
    """

    fold = 1

    def __init__(self, tasks: int | None = WHOLE_TASKS, files: int | None = WHOLE_FILES) -> None:
        self.tasks = maxsize if tasks is None else tasks
        self.files = maxsize if files is None else files

    def initial(self) -> Accounts:
        return Accounts()

    def stream(self, command: c.AccountCommand) -> str:
        return command.account_id

    def decide(self, state: Accounts, command: c.AccountCommand, context: Context) -> Append | Reply:
        rule = DECIDE[type(command)]
        return once(
            state.keys,
            context,
            lambda key, subject: view(state, key, subject),
            lambda: rule(state, command, context),
        )

    def evolve(self, state: Accounts, key: str, event: msgspec.Struct, envelope: Envelope) -> None:
        """Raises KeyError or TypeError, the state untouched, when the event cannot belong to this history."""
        EVOLVE[type(event)](state, key, event, envelope)
        state.keys.remember(key, envelope)
        put_away(state, self.tasks, self.files)

    def at_hand(self, state: Accounts, events: Sequence[Recalled]) -> AbstractContextManager[None]:
        return at_hand(state, events)

    def quarantine(self, state: Accounts, key: str) -> None:
        """No rule spans accounts: the others go on as if nothing had happened."""

    def view(self, state: Accounts, key: str, subject: str) -> dict[str, Any]:
        return view(state, key, subject)
