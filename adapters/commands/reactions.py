"""Where one fact leads to another in another stream: the internal command of each reaction, made the same by all.

A reactor sends it when it meets the event; the handler that caused the event may send it first. Both use the same
idempotency key, made of the event's id and the reaction's name: it is applied once, and replays lead to nothing.
"""

from hashlib import sha256

import msgspec

from adapters.ids import new_id
from adapters.kafka.topics import ACCOUNTS, Topic, account_partition
from domain.account.commands import Command, OpenAccount
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
    command = OpenAccount(account_id=user.account_id, user_id=user.user_id, sign_up_credits=user.sign_up_credits)
    return Reaction(ACCOUNTS, account_partition(user.account_id), command, _context(envelope, "open-account"))


def _context(envelope: Envelope, reaction: str) -> Context:
    key = sha256(f"{envelope.id}/{reaction}".encode()).digest()[:16].hex()
    return Context(
        now=envelope.time,
        event_id=new_id(),
        command_id=new_id(),
        actor="system",
        correlation_id=envelope.correlation_id,
        causation_id=envelope.id,
        traceparent=envelope.traceparent,
        idempotency_key=key,
        idempotency_digest=key,
    )
