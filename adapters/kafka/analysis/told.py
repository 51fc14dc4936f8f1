"""One event as an analyst gets it: where it stands, its envelope, and what it says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.kafka import topics
from adapters.kafka.follower import Entry
from adapters.kafka.position import Position
from adapters.kafka.record import Record, Undecodable
from domain.envelope import Envelope

ACCOUNT_KEYED: Final = frozenset((topics.ACCOUNTS.name, topics.RUNS.name, topics.PROGRESS.name))
"""Topics whose key is the account's id."""


class ReadEvent(msgspec.Struct, frozen=True, gc=False):
    """A valid event. `envelope` and `event` are None when it cannot be decoded; `undecodable` then says why."""

    record: Record
    after: Position
    """Where a reader of its partition stands after it."""
    envelope: Envelope | None
    event: msgspec.Struct | None
    undecodable: str | None = None

    @classmethod
    def of(cls, entry: Entry) -> "ReadEvent":
        """Of an entry whose kind is "event"."""
        if isinstance(entry.decoded, tuple):
            return cls(entry.record, entry.after, *entry.decoded)
        why = entry.decoded.why if isinstance(entry.decoded, Undecodable) else "not decoded"
        return cls(entry.record, entry.after, None, None, why)

    @property
    def type(self) -> str:
        """The wire name, also of an event that cannot be decoded; "" where the header is missing."""
        return self.envelope.type if self.envelope else self.header("ce_type") or ""

    @property
    def time(self) -> datetime:
        """When it was decided, UTC; the record's own time where the envelope does not say."""
        return self.envelope.time if self.envelope else datetime.fromtimestamp(self.record.timestamp / 1000, UTC)

    @property
    def key(self) -> str | None:
        return None if self.record.key is None else self.record.key.decode(errors="replace")

    @property
    def account_id(self) -> str | None:
        """The account it is about: the key, or what the event names. None for the catalog and most user events."""
        if self.record.topic in ACCOUNT_KEYED:
            return self.key
        return getattr(self.event, "account_id", None)

    def task_ids(self) -> Iterator[str]:
        """The tasks it is about: one, those of a batch, those that are held or wait in a queue, or none."""
        if (task_id := getattr(self.event, "task_id", None)) is not None:
            yield task_id
        for field in ("items", "tasks", "running"):
            for item in getattr(self.event, field, ()):
                if (task_id := getattr(item, "task_id", None)) is not None:
                    yield task_id
        if self.event is None and (subject := self.header("ce_subject")):
            yield subject

    def header(self, name: str) -> str | None:
        """A header as text."""
        value = self.record.by_name.get(name)
        return None if value is None else value.decode(errors="replace")
