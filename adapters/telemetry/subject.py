"""What a piece of work is about, bound to every log line that it writes.

The correlation id is the request id at the edge and stays the same through all that follows from one request: command,
event, assignment, run, and projection (docs/events.md). `account` is always the account's id, never a name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import structlog

from domain.envelope import Envelope

_traceparent: Final[ContextVar[str | None]] = ContextVar("lathe_traceparent", default=None)


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id in a W3C traceparent: 32 hexadecimal digits, if it is one."""
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else None


def fields_of(
    *,
    correlation_id: str | None = None,
    traceparent: str | None = None,
    task_id: str | None = None,
    account: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The fields that are known, under the names that all processes use."""
    known = {
        "correlation_id": correlation_id,
        "trace_id": trace_id_of(traceparent),
        "task_id": task_id,
        "account": account,
        **more,
    }
    return {name: value for name, value in known.items() if value is not None}


def fields_of_event(envelope: Envelope, account: bytes | None = None) -> dict[str, Any]:
    """The same for an event; `account`: its record's key, where that is one."""
    return fields_of(
        correlation_id=envelope.correlation_id,
        traceparent=envelope.traceparent,
        task_id=envelope.subject if envelope.task_seq is not None else None,
        account=None if account is None else account.decode("utf-8", "replace"),
    )


def bind(**fields: Any) -> None:
    """Bind `fields_of(...)` for the rest of this request or task: each runs in a context of its own."""
    structlog.contextvars.bind_contextvars(**fields_of(**fields))
    _traceparent.set(fields.get("traceparent"))


def headers() -> dict[str, str]:
    """For a request to another process of the deployment: it stands under the same ids there."""
    correlation_id = structlog.contextvars.get_contextvars().get("correlation_id")
    found = {"x-request-id": correlation_id, "traceparent": _traceparent.get()}
    return {name: value for name, value in found.items() if value is not None}


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """The same for a block."""
    with structlog.contextvars.bound_contextvars(**fields_of(**fields)):
        yield
