"""Logs: one JSON object a line on stdout; for people's eyes when stdout is a terminal.

Every line carries what `adapters/telemetry/subject.py` bound: request, correlation, task, account, trace. Lines of this
project go from structlog to stdout directly; what libraries log by `logging` joins them, in the same form.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, Final, Literal

import orjson
import structlog

from adapters.settings import Settings
from adapters.telemetry.privacy import without_private_fields
from adapters.telemetry.stdout import log_stream, stdout_logger

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_NOISY: Final = ("uvicorn.access", "aiokafka", "faust", "mode", "urllib3", "asyncio", "alembic", "opentelemetry")
"""Libraries whose information is not ours to give; their warnings are."""
_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


def configure_logging(service: str, settings: Settings) -> None:
    """Set up this process's logs. `service` (`command_api`, …) stands on every line.

    uvicorn's own access log is turned off: the edge writes one (`adapters/http/edge.py`).
    """
    level = _LEVELS[settings.log_level]
    render = _renderers(settings.log_format)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _named_after(service),
        structlog.processors.add_log_level,
        _stamp,
        without_private_fields,
    ]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=stdout_logger,
        cache_logger_on_first_use=True,
    )
    _route_libraries(level, shared, render)


def _renderers(form: Literal["auto", "json", "console"]) -> list[Any]:
    if form == "console" or (form == "auto" and log_stream().isatty()):
        # Plain: the pretty formatter prints local variables, and those can be passwords.
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]


def _route_libraries(level: int, shared: list[Any], render: list[Any]) -> None:
    handler = logging.StreamHandler(log_stream())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.captureWarnings(True)


def _named_after(service: str) -> Any:
    """Name the service and the logger on every line."""

    def name(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        event["logger"] = logger.name if logger is not None else event["_record"].name
        return event

    return name


def _json(event: dict[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
