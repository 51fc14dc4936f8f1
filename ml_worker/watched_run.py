"""A run as the child process sees it, told to logs and traces: each stage becomes a span of the engine's span."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from adapters.telemetry import tracing
from adapters.telemetry.subject import about

log = structlog.get_logger(__name__)


class WatchedRun:
    """`stage(name)` ends the stage before and begins this one; a name that is told again changes nothing."""

    def __init__(self, engine: str, traceparent: str | None) -> None:
        self._engine = engine
        self.span = tracing.start(f"engine {engine}", traceparent, lathe__engine=engine)
        self._stage: str | None = None
        self._stage_span: tracing.AnySpan | None = None

    def stage(self, name: str) -> None:
        if name == self._stage:
            return
        self._end_stage()
        self._stage = name
        self._stage_span = tracing.start(f"stage {name}", self.span.traceparent, lathe__engine=self._engine)

    def end(self) -> None:
        self._end_stage()
        self.span.end()

    def _end_stage(self) -> None:
        if self._stage_span is not None:
            self._stage_span.end()
            self._stage_span = None


@contextmanager
def watched_run(engine: str, subject: dict[str, Any]) -> Iterator[WatchedRun]:
    """Log the run's begin and end under its ids. What the engine raises goes through."""
    began = time.monotonic()
    with about(**subject):
        log.info("an engine begins", engine=engine)
        run = WatchedRun(engine, subject.get("traceparent"))
        try:
            yield run
        except BaseException as error:
            run.span.fail(type(error).__name__)
            raise
        finally:
            run.end()
            log.info("an engine ended", engine=engine, seconds=round(time.monotonic() - began, 4))
