"""Server-Sent Events (WHATWG HTML, section 9.2): how messages look on the wire."""

from typing import Any, Final

import orjson

HEARTBEAT: Final = b": keep-alive\n\n"
HEARTBEAT_S: Final = 15.0
RETRY: Final = b"retry: 1000\n\n"
"""Milliseconds after which a browser comes back."""


def message(event: str, data: dict[str, Any], identifier: int | None = None) -> bytes:
    """One message; `identifier` becomes the client's Last-Event-ID."""
    head = b"" if identifier is None else b"id: %d\n" % identifier
    return b"%sevent: %s\ndata: %s\n\n" % (head, event.encode(), orjson.dumps(data))
