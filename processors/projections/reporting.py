"""What a committed batch leaves behind besides its rows: figures, log lines, spans.

While the projector keeps up, each event gets a line (level info); a batch larger than that is catching up, and gets one
line for all of it. So a rebuild of millions of events does not fill the disk with logs.
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from adapters.kafka.follower import Entry
from adapters.kafka.record import Undecodable
from adapters.kafka.topics import ACCOUNTS
from adapters.telemetry import tracing
from adapters.telemetry.subject import fields_of_event
from processors.projections import metrics

KEEPING_UP: Final = 100
"""Records in one batch."""
log = structlog.get_logger(__name__)


def report(entries: Sequence[Entry], began_ns: int, parked: int) -> None:
    """`began_ns`: when the batch's fold began, ns since 1970. `parked`: how many of its records were set aside."""
    for topic, count in Counter(entry.record.topic for entry in entries).items():
        metrics.PROJECTED.labels(topic).inc(count)
    if len(entries) > KEEPING_UP:
        log.info("projected a batch", records=len(entries), seconds=round((time.time_ns() - began_ns) / 1e9, 3))
    else:
        for entry in entries:
            _tell(entry)
    if tracing.is_on():
        _trace(entries, began_ns)
    if parked:
        log.error("records were parked", records=parked)


def _tell(entry: Entry) -> None:
    if entry.decoded is None or isinstance(entry.decoded, Undecodable):
        return
    envelope, _ = entry.decoded
    record = entry.record
    log.info(
        "projected",
        event_type=envelope.type,
        position=f"{record.topic}:{record.partition}@{record.offset}",
        **fields_of_event(envelope, record.key if record.topic == ACCOUNTS.name else None),
    )


def _trace(entries: Sequence[Entry], began_ns: int) -> None:
    """A span for each event that belongs to a trace, from the batch's begin to its commit."""
    now = time.time_ns()
    for entry in entries:
        if entry.decoded is None or isinstance(entry.decoded, Undecodable):
            continue
        envelope, record = entry.decoded[0], entry.record
        if envelope.traceparent is None:
            continue
        tracing.start(
            f"project {envelope.type}",
            envelope.traceparent,
            "consumer",
            at_ns=began_ns,
            messaging__system="kafka",
            messaging__destination__name=record.topic,
            messaging__destination__partition__id=str(record.partition),
            messaging__kafka__offset=record.offset,
            lathe__records_in_batch=len(entries),
        ).end(now)
