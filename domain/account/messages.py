"""The messages that webhooks get: what an event of an account means to a program of its owner's.

Pure, and free of personal data. A message's id is its event's, so whoever gets it twice can tell; an event that is
about several tasks makes several, numbered.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from domain.account import events as e
from domain.account.timeline import MOVING, entries_of
from domain.account.told import event_document
from domain.envelope import Envelope
from domain.money import to_credits
from domain.rendering import time_of

TASK_TYPES: Final = (
    *("task.requested", "task.started", "task.retried", "task.cancel-requested"),
    *("task.completed", "task.failed", "task.cancelled"),
)
TEST: Final = "webhook.test"
"""Only ever sent because somebody asked for it, to whatever types an endpoint has."""


class Message(msgspec.Struct, frozen=True):
    """One message. `data` is JSON."""

    id: str
    """A UUID, or `<UUID>-<n>`: never a full stop, which signatures use as a separator."""
    type: str
    time: datetime
    data: dict[str, Any]

    def body(self) -> bytes:
        """What is posted and signed: the form that Standard Webhooks recommends."""
        return msgspec.json.encode({"type": self.type, "timestamp": time_of(self.time), "data": self.data})


def messages_of(envelope: Envelope, event: msgspec.Struct) -> tuple[Message, ...]:
    """The messages of a valid event, in order. Raises ValueError for a task event without a task sequence."""
    kind = _KINDS.get(type(event))
    if kind is not None:
        name, tell = kind
        return (Message(envelope.id, name, envelope.time, tell(event, envelope)),)
    if type(event) not in MOVING:
        return ()
    entries = entries_of(envelope, event)
    many = isinstance(event, e.BatchRequested)
    return tuple(
        Message(f"{envelope.id}-{i}" if many else envelope.id, f"task.{entry.type}", entry.time, event_document(entry))
        for i, entry in enumerate(entries)
    )


def _stored(event: e.FileStored, envelope: Envelope) -> dict[str, Any]:
    file = event.file
    return {
        "file_id": file.file_id,
        "media_type": file.media_type,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "created_at": time_of(envelope.time),
    }


def _deleted(event: e.FileDeleted, envelope: Envelope) -> dict[str, Any]:
    return {"file_id": event.file_id}


def _adjusted(event: e.CreditsAdjusted, envelope: Envelope) -> dict[str, Any]:
    return {"amount": to_credits(event.amount), "reason": event.reason}


def _disabled(event: e.WebhookDisabled, envelope: Envelope) -> dict[str, Any]:
    return {
        "webhook_id": event.webhook_id,
        "reason": event.reason,
        "failing_since": time_of(event.failing_since),
    }


_KINDS: Final[Mapping[type[msgspec.Struct], tuple[str, Callable[[Any, Envelope], dict[str, Any]]]]] = {
    e.FileStored: ("file.stored", _stored),
    e.FileDeleted: ("file.deleted", _deleted),
    e.CreditsAdjusted: ("credits.adjusted", _adjusted),
    e.WebhookDisabled: ("webhook.disabled", _disabled),
}
TYPES: Final = (*TASK_TYPES, *(name for name, _ in _KINDS.values()))
"""All that an endpoint can ask for."""
