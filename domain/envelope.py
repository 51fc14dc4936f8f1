"""What stands around an event: CloudEvents 1.0 attributes and Lathe's extensions (docs/events.md)."""

from datetime import datetime

import msgspec


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Attributes of one event. On Kafka each is a header `ce_<name without underscores>` (binary mode)."""

    id: str
    """UUIDv7 of the event; part of the associated data of its sealed fields."""
    type: str
    """Wire name from `domain/registry.py`, for example `lathe.task.requested.v1`."""
    source: str
    """The service that wrote it, for example `lathe/command_api`."""
    time: datetime
    """When it was decided, UTC."""
    subject: str
    """The task, file, user, model, worker… it is about."""
    actor: str
    """Who caused it: `user/<account id>`, `service/<name>` or `system`."""
    correlation_id: str
    """The request id at the edge; the same through all that follows from one request."""
    causation_id: str | None = None
    """The ce_id of the event that led to this one."""
    command_id: str | None = None
    traceparent: str | None = None
    stream_version: int | None = None
    """1, 2, 3… per key on owned topics."""
    task_seq: int | None = None
    """1, 2, 3… per task, on task events of lathe.accounts."""
    idempotency_key: str | None = None
    """Keyed 16-byte hash (hex) of (caller, method, route, Idempotency-Key)."""
    idempotency_digest: str | None = None
    """Keyed 16-byte hash (hex) of the request's content."""
    offset: int = 0
    """Where the event stands in its partition. No header: the record's own offset, for folds that read it again."""
