"""Commands on their way through an owner, and what becomes of them."""

import asyncio
import logging
from typing import Any

import msgspec
import structlog

from adapters.telemetry import tracing
from adapters.telemetry.subject import fields_of
from domain.decider import Context, Recalled

log = structlog.get_logger(__name__)


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that stands in the log (or, without an event, was true of the whole log after the command came)."""

    position: str
    """`<topic>:<partition>@<offset>`: of the event, or for replies of the last record they rest on."""
    subject: str = ""
    view: dict[str, Any] = {}
    event_type: str | None = None
    event_id: str | None = None
    replayed: bool = False
    """True if no event was appended by this very request."""


class NotOwner(Exception):
    """This process does not own the partition (any more, or under that epoch). The command was not taken."""


class NotApplied(Exception):
    """Certain: the command is not in the log and never will be. Deciding it again is a new decision."""


class Request:
    """One command in an owner's hands. `future` gets an `Applied` or an exception. A waiter may go; it stays.

    `recalled`: events that were read again because its decision asked for them.
    """

    __slots__ = ("command", "context", "future", "recalled")

    def __init__(self, command: Any, context: Context) -> None:
        self.command = command
        self.context = context
        self.recalled: list[Recalled] = []
        self.future: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()
        self.future.add_done_callback(_retrieved)

    def trace(self, topic: str, partition: int) -> None:
        """Make a span of the time from now to the answer; the event names it as what it came from."""
        span = tracing.start(
            f"decide {type(self.command).__name__}",
            self.context.traceparent,
            "producer",
            messaging__system="kafka",
            messaging__destination__name=topic,
            messaging__destination__partition__id=str(partition),
        )
        self.context = msgspec.structs.replace(self.context, traceparent=span.traceparent)
        self.future.add_done_callback(lambda future: _end(span, future))

    def answer(self, applied: Applied) -> None:
        if not self.future.done():
            self.future.set_result(applied)

    def log(self, applied: Applied) -> None:
        """One line for each event: what this process wrote, and for which request."""
        if not log.is_enabled_for(logging.INFO):
            return
        context = self.context
        log.info(
            "decided",
            event_type=applied.event_type,
            position=applied.position,
            command=type(self.command).__name__,
            **fields_of(
                correlation_id=context.correlation_id,
                traceparent=context.traceparent,
                task_id=getattr(self.command, "task_id", None),
                account=getattr(self.command, "account_id", None),
            ),
        )

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


def _retrieved(future: "asyncio.Future[Applied]") -> None:
    """A request may have no waiter left: its exception must not be reported as unretrieved."""
    if not future.cancelled():
        future.exception()


def _end(span: tracing.AnySpan, future: "asyncio.Future[Applied]") -> None:
    if future.cancelled():
        span.fail("cancelled")
    elif (failure := future.exception()) is not None:
        span.fail(type(failure).__name__)
    else:
        span.set(lathe__position=future.result().position, lathe__event=future.result().event_type)
    span.end()


def position_text(topic: str, partition: int, offset: int) -> str:
    """The form of `Lathe-Position` and `min_position`."""
    return f"{topic}:{partition}@{offset}"
