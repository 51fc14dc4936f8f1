"""Where one fact leads to another in another stream: the internal command of each reaction, made the same by all.

A reactor sends it when it meets the event; the handler that caused the event may send it first. Both use the same
idempotency key, made of the event's id and the reaction's name: it is applied once, and replays lead to nothing.
"""

from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from adapters.ids import new_id
from adapters.kafka.topics import ACCOUNTS, Topic, account_partition
from domain.account.commands import Command, DisableWebhook, OpenAccount
from domain.decider import Context
from domain.envelope import Envelope
from domain.identity.events import UserRegistered


class Reaction(msgspec.Struct, frozen=True):
    """A command that follows from an event."""

    topic: Topic
    partition: int
    command: Command
    context: Context


def open_account(envelope: Envelope, user: UserRegistered) -> Reaction:
    """A registered user gets an account with sign-up credits."""
    return open_account_of(
        envelope.id,
        account_id=user.account_id,
        user_id=user.user_id,
        credits_=user.sign_up_credits,
        now=envelope.time,
        correlation_id=envelope.correlation_id,
        traceparent=envelope.traceparent,
    )


def open_account_of(
    event_id: str,
    *,
    account_id: str,
    user_id: int,
    credits_: int,
    now: datetime,
    correlation_id: str,
    traceparent: str | None = None,
) -> Reaction:
    """The same, for the handler that registered the user in event `event_id`. `credits_` in micro-credits."""
    command = OpenAccount(account_id=account_id, user_id=user_id, sign_up_credits=credits_)
    context = reaction_context(event_id, "open-account", now, correlation_id, traceparent)
    return Reaction(ACCOUNTS, account_partition(account_id), command, context)


def reaction_context(
    event_id: str, reaction: str, now: datetime, correlation_id: str, traceparent: str | None = None
) -> Context:
    """The context of the command `reaction` that follows from the event `event_id`, under its idempotency key."""
    key = sha256(f"{event_id}/{reaction}".encode()).digest()[:16].hex()
    return Context(
        now=now,
        event_id=new_id(),
        command_id=new_id(),
        actor="system",
        correlation_id=correlation_id,
        causation_id=event_id,
        traceparent=traceparent,
        idempotency_key=key,
        idempotency_digest=key,
    )


def disable_webhook(
    account_id: str, webhook_id: str, reason: str, failing_since: datetime, message_id: str
) -> Reaction:
    """A webhook that took nothing for days is disabled. `message_id`: what it did not take last (`<event id>…`)."""
    command = DisableWebhook(account_id=account_id, webhook_id=webhook_id, reason=reason, failing_since=failing_since)
    event_id = message_id[:36]
    reaction = f"disable-webhook/{webhook_id}/{failing_since.isoformat()}"
    context = reaction_context(event_id, reaction, datetime.now(UTC), new_id())
    return Reaction(ACCOUNTS, account_partition(account_id), command, context)
