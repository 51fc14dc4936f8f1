"""The access log: one line per request, so it is written without the detour through `logging` (10x cheaper)."""

import sys
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog

_log = structlog.get_logger("http")
_service: str | None = None
_LEVEL: Final = "info"


def write_directly(service: str) -> None:
    """From now on write JSON lines straight to stdout. Called by `configure_logging` when stdout is no terminal."""
    global _service
    _service = service


def access(fields: dict[str, Any]) -> None:
    """Log one request."""
    if _service is None:
        _log.info("request", **fields)
        return
    now = datetime.now(UTC)
    line = {"event": "request", "service": _service, "level": _LEVEL, "logger": "http", "timestamp": now, **fields}
    sys.stdout.write(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE).decode())
    sys.stdout.flush()
