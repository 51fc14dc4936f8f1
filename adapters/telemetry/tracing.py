"""Traces by OpenTelemetry, carried across Kafka in the header `traceparent` (W3C Trace Context, version 00).

Off unless LATHE_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_ENDPOINT) is set: then `start` gives back an object that holds the
parent's traceparent and does nothing, and OpenTelemetry's SDK is not even imported. Parents are passed on explicitly,
as everything else that a command or an event carries; nothing here is ambient. The variables that OpenTelemetry itself
defines for sampling (OTEL_TRACES_SAMPLER, …), headers and resources work too.
"""

import os
import re
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from adapters.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

Kind = Literal["internal", "server", "client", "producer", "consumer"]
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})\Z")
_EXPORT_EVERY_MS: Final = 1000
_EXPORT_TIMEOUT_S: Final = 3
"""A collector that does not answer must not hold up the end of a process."""
LAST_WORDS_S: Final = 2.0
"""How long the end of a process waits for its last spans to be sent."""
_provider: "TracerProvider | None" = None


def valid(traceparent: str | None) -> str | None:
    """The traceparent, or None if it is not one: it goes into the log, so nothing else may pass."""
    return traceparent if traceparent and _TRACEPARENT.match(traceparent) else None


class Untraced:
    """A span that is none. `traceparent` is its parent's, so a client's own trace still goes through."""

    __slots__ = ("traceparent",)
    recording = False

    def __init__(self, traceparent: str | None) -> None:
        self.traceparent = traceparent

    def set(self, name: str | None = None, /, **attributes: Any) -> None:
        """Rename it, and add attributes; None is left out."""

    def fail(self, why: str) -> None:
        """It did not end well. `why`: a code or a type's name, never a message that may repeat a person's words."""

    def end(self, at_ns: int | None = None) -> None:
        """End it, now or at `at_ns` (ns since 1970). A second end does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            self.fail(kind.__name__)
        self.end()


class Traced(Untraced):
    """A span of OpenTelemetry. `traceparent` is its own: what follows from it names it as parent."""

    __slots__ = ("_span",)
    recording = True

    def __init__(self, span: "Span") -> None:
        context = span.get_span_context()
        super().__init__(f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}")
        self._span = span

    def set(self, name: str | None = None, /, **attributes: Any) -> None:
        if name is not None:
            self._span.update_name(name)
        self._span.set_attributes({_dotted(key): value for key, value in attributes.items() if value is not None})

    def fail(self, why: str) -> None:
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", why)
        self._span.set_status(StatusCode.ERROR)

    def end(self, at_ns: int | None = None) -> None:
        if self._span.is_recording():
            self._span.end(at_ns)


AnySpan = Untraced


def is_on() -> bool:
    """Whether this process traces at all: for what would cost time to prepare."""
    return _provider is not None


def start(
    name: str, parent: str | None, kind: Kind = "internal", *, at_ns: int | None = None, **attributes: Any
) -> AnySpan:
    """Begin a span, now or at `at_ns`. `parent` is a traceparent; None: a trace begins here.

    In names of attributes `__` stands for a dot (`http__route`).
    """
    if _provider is None:
        return Untraced(parent)
    from opentelemetry.trace import SpanKind

    given = {_dotted(key): value for key, value in attributes.items() if value is not None}
    tracer = _provider.get_tracer("lathe")
    return Traced(
        tracer.start_span(name, _context(parent), SpanKind[kind.upper()], given, start_time=at_ns or time.time_ns())
    )


def configure_tracing(service: str, settings: Settings) -> None:
    """Send this process's spans to the collector that the settings name; nothing if they name none."""
    global _provider
    if settings.otlp_endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {"service.name": service, "service.namespace": "lathe", "service.instance.id": f"{service}-{os.getpid()}"}
    )
    exporter = OTLPSpanExporter(f"{settings.otlp_endpoint}/v1/traces", timeout=_EXPORT_TIMEOUT_S)
    _provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # that would wait for a silent collector
    _provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_EXPORT_EVERY_MS))


def flush(wait_s: float = 0.0) -> None:
    """Send what has not been sent yet, and wait for it so long at most, whatever the collector does."""
    if _provider is not None:
        sending = threading.Thread(target=_provider.force_flush, name="spans", daemon=True)
        sending.start()
        sending.join(wait_s)


def _dotted(name: str) -> str:
    return name.replace("__", ".")


def _context(traceparent: str | None) -> Any:
    """OpenTelemetry's form of a parent. An empty one, so that nothing ambient becomes the parent."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    found = _TRACEPARENT.match(traceparent or "")
    if found is None:
        return Context()
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    return set_span_in_context(
        NonRecordingSpan(SpanContext(trace_id, span_id, True, TraceFlags(flags))),
        Context(),
    )
