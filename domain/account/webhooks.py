"""Endpoints to which messages about an account are posted: added, changed, disabled, removed.

`folded` is how one endpoint changes by an event: the same for the account's owner and for whoever posts.
"""

from typing import Final

from domain.account import commands as c
from domain.account.events import (
    WebhookAdded,
    WebhookChanged,
    WebhookDisabled,
    WebhookRemoved,
    WebhookSecretRotated,
)
from domain.account.files import require_new
from domain.account.lookups import account_of, open_account_of
from domain.account.state import Account, Accounts, Webhook
from domain.account.views import webhook_view
from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.errors import NotFound, NotInState
from domain.personal import SealedAt

MOST: Final = 20
"""Endpoints of one account."""
WebhookEvent = WebhookAdded | WebhookChanged | WebhookSecretRotated | WebhookDisabled | WebhookRemoved


def add(state: Accounts, command: c.AddWebhook, context: Context) -> Append:
    """Raises NotInState when the account has `MOST` already."""
    account = open_account_of(state, command.account_id)
    require_new(state, account, command.webhook_id)
    if len(account.webhooks) >= MOST:
        raise NotInState(f"An account has {MOST} webhooks at most; remove one first.", most=MOST)
    event = WebhookAdded(
        webhook_id=command.webhook_id,
        url=command.url,
        secret=command.secret,
        description=command.description,
        types=command.types,
    )
    return Append(command.account_id, event, command.webhook_id)


def change(state: Accounts, command: c.ChangeWebhook, context: Context) -> Append | Reply:
    """A change of nothing is answered with the endpoint as it is. Raises NotFound."""
    webhook = _of(open_account_of(state, command.account_id), command.webhook_id)
    types = None if command.types == webhook.types else command.types
    enabled = None if command.enabled == webhook.enabled else command.enabled
    if command.url is None and command.description is None and types is None and enabled is None:
        return Reply(webhook_view(command.webhook_id, webhook))
    event = WebhookChanged(
        webhook_id=command.webhook_id,
        url=command.url,
        description=command.description,
        types=types,
        enabled=enabled,
    )
    return Append(command.account_id, event, command.webhook_id)


def rotate_secret(state: Accounts, command: c.RotateWebhookSecret, context: Context) -> Append:
    """Raises NotFound."""
    _of(open_account_of(state, command.account_id), command.webhook_id)
    event = WebhookSecretRotated(
        webhook_id=command.webhook_id, secret=command.secret, previous_until=command.previous_until
    )
    return Append(command.account_id, event, command.webhook_id)


def disable(state: Accounts, command: c.DisableWebhook, context: Context) -> Append | Reply:
    """A change since the failures began is a repair that is not to be undone. Raises NotFound."""
    webhook = _of(account_of(state, command.account_id), command.webhook_id)
    if not webhook.enabled or webhook.updated_at > command.failing_since:
        return Reply(webhook_view(command.webhook_id, webhook))
    event = WebhookDisabled(webhook_id=command.webhook_id, reason=command.reason, failing_since=command.failing_since)
    return Append(command.account_id, event, command.webhook_id)


def remove(state: Accounts, command: c.RemoveWebhook, context: Context) -> Append:
    """Raises NotFound."""
    _of(open_account_of(state, command.account_id), command.webhook_id)
    return Append(command.account_id, WebhookRemoved(webhook_id=command.webhook_id), command.webhook_id)


def describe(state: Accounts, command: c.DescribeWebhook, context: Context) -> Reply:
    webhook = _of(account_of(state, command.account_id), command.webhook_id)
    return Reply(webhook_view(command.webhook_id, webhook))


def evolve(state: Accounts, key: str, event: WebhookEvent, envelope: Envelope) -> None:
    """Raises KeyError when the endpoint is not there, or there twice."""
    webhooks = state.accounts[key].webhooks
    after = folded(webhooks.get(event.webhook_id), event, envelope)
    if after is None:
        del webhooks[event.webhook_id]
    else:
        webhooks[event.webhook_id] = after


def folded(webhook: Webhook | None, event: WebhookEvent, envelope: Envelope) -> Webhook | None:
    """The endpoint after an event about it; None when it is gone. Raises KeyError as `evolve` does."""
    if isinstance(event, WebhookAdded):
        if webhook is not None:
            raise KeyError(f"webhook {event.webhook_id} was added before")
        return Webhook(
            url=SealedAt.of(envelope.id, "url", event.url),
            secret=SealedAt.of(envelope.id, "secret", event.secret),
            description=None
            if event.description is None
            else SealedAt.of(envelope.id, "description", event.description),
            types=event.types,
            created_at=envelope.time,
            updated_at=envelope.time,
        )
    if webhook is None:
        raise KeyError(event.webhook_id)
    if isinstance(event, WebhookRemoved):
        return None
    return _changed(webhook, event, envelope)


def _changed(
    was: Webhook, event: WebhookChanged | WebhookSecretRotated | WebhookDisabled, envelope: Envelope
) -> Webhook:
    url, secret, description, types = was.url, was.secret, was.description, was.types
    previous, previous_until = was.previous, was.previous_until
    enabled, because = was.enabled, was.disabled_because
    if isinstance(event, WebhookSecretRotated):
        previous, previous_until = was.secret, event.previous_until
        secret = SealedAt.of(envelope.id, "secret", event.secret)
    elif isinstance(event, WebhookDisabled):
        enabled, because = False, event.reason
    else:
        if event.url is not None:
            url = SealedAt.of(envelope.id, "url", event.url)
        if event.description is not None:
            description = SealedAt.of(envelope.id, "description", event.description)
        if event.types is not None:
            types = event.types
        if event.enabled is not None:
            enabled, because = event.enabled, None
    return Webhook(
        url=url,
        secret=secret,
        previous=previous,
        previous_until=previous_until,
        description=description,
        types=types,
        enabled=enabled,
        disabled_because=because,
        created_at=was.created_at,
        updated_at=envelope.time,
    )


def _of(account: Account, webhook_id: str) -> Webhook:
    webhook = account.webhooks.get(webhook_id)
    if webhook is None:
        raise NotFound("There is no such webhook.")
    return webhook
