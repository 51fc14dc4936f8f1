"""Run events become commands of the account's owner: `lathe.runs`/p is read by whoever owns `lathe.accounts`/p.

One loop takes the records in offset order and queues their commands in that order. Each resulting event names its
source offset, so the confirmed fold says where to read on; what leads to no event is passed over in memory only.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.follower import Entry
from adapters.kafka.owner import PartitionOwner
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import Position
from adapters.kafka.record import Undecodable
from adapters.kafka.requests import Applied, NotApplied, NotOwner, Request
from adapters.kafka.shared_follower import SharedFollower
from domain.account import commands as c
from domain.decider import Context
from domain.envelope import Envelope
from domain.errors import DomainError
from domain.runs import events as run

_RESTORE_PAUSE_S: Final = 5.0
log = structlog.get_logger(__name__)


class RunsFeed:
    """`feed(owner)` runs beside each ownership of a partition of `lathe.accounts`, and is cancelled with it."""

    def __init__(self, log_: Log) -> None:
        self._records = SharedFollower(log_)

    async def feed(self, owner: PartitionOwner) -> None:
        while owner.claim is not None:
            start = owner.fold.state.runs_position
            try:
                async with self._records.follow((topics.RUNS.name, owner.tp[1]), Position(start)) as records:
                    while owner.claim is not None:
                        await _apply(owner, await records.take())
            except NotOwner:
                return
            except LogTruncated as error:
                log.error(
                    "lathe.runs ends before what was applied from it: the topic was replaced; runs of these "
                    "accounts wait until it is restored",
                    partition=owner.tp[1],
                    applied_up_to=start,
                    why=str(error),
                )
                await asyncio.sleep(_RESTORE_PAUSE_S)


async def _apply(owner: PartitionOwner, entries: Sequence[Entry]) -> None:
    """Returns when all of them are decided on. Raises NotOwner."""
    requests = [request for entry in entries if (request := request_of(entry)) is not None]
    futures = [owner.submit(request) for request in requests]
    for request, future in zip(requests, futures, strict=True):
        await _settled(request, future)


async def _settled(request: Request, future: "asyncio.Future[Applied]") -> None:
    try:
        await asyncio.shield(future)
    except DomainError as refusal:
        log.warning("a run event was refused", command=type(request.command).__name__, why=refusal.detail)
    except (NotApplied, LogUnavailable) as error:
        log.info("a run event led to nothing here", why=str(error))


def request_of(entry: Entry) -> Request | None:
    """The command for a record of lathe.runs; None for what is no run event."""
    if entry.decoded is None or isinstance(entry.decoded, Undecodable) or entry.record.key is None:
        log.warning("an unreadable run record", partition=entry.record.partition, offset=entry.record.offset)
        return None
    envelope, event = entry.decoded
    command = _command(entry.record.key.decode("utf-8", "replace"), event, entry.record.offset)
    return None if command is None else Request(command, _context(envelope))


def _command(account_id: str, event: msgspec.Struct, offset: int) -> c.Command | None:
    match event:
        case run.RunStarted():
            return c.ApplyRunStarted(
                account_id=account_id,
                task_id=event.task_id,
                attempt=event.attempt,
                worker_id=event.worker_id,
                source_offset=offset,
            )
        case run.RunSucceeded():
            return c.ApplyRunSucceeded(
                account_id=account_id,
                task_id=event.task_id,
                attempt=event.attempt,
                outputs=event.outputs,
                metrics=event.metrics,
                source_offset=offset,
            )
        case run.RunFailed():
            return c.ApplyRunFailed(
                account_id=account_id,
                task_id=event.task_id,
                attempt=event.attempt,
                problem=event.problem,
                source_offset=offset,
            )
        case run.RunCancelled():
            return c.ApplyRunCancelled(
                account_id=account_id,
                task_id=event.task_id,
                attempt=event.attempt,
                used_fraction=event.used_fraction,
                source_offset=offset,
            )
        case _:
            return None


def _context(envelope: Envelope) -> Context:
    return Context(
        now=envelope.time,
        event_id=new_id(),
        command_id=new_id(),
        actor=envelope.actor,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.id,
        traceparent=envelope.traceparent,
    )
