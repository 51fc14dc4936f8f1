"""Events that an owner reads again: for decisions on what is old, and for questions about what a command led to."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from adapters.kafka.fold import PartitionFold
from adapters.kafka.metrics import RECALLED
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP
from adapters.kafka.record import Undecodable, decode
from adapters.kafka.requests import Applied, Request, position_text
from domain.decider import NotAtHand, Recalled

MOST_TOLD: Final = 1000
log = structlog.get_logger(__name__)


class Hindsight:
    """Serves one owner. `again` takes a request whose events are at hand."""

    def __init__(self, log_: Log, tp: TP, again: Callable[[Request], None]) -> None:
        self._log, self._tp, self._again = log_, tp, again
        self._recalls: dict[asyncio.Task[None], Request] = {}
        self._tellings: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, Applied] = {}

    def recall(self, request: Request, offsets: Sequence[int]) -> None:
        """Read these events for a request; then it is asked again. It fails when that cannot be done."""
        if {envelope.offset for _, _, envelope in request.recalled} >= set(offsets):
            request.fail(LogUnavailable(f"{self._tp} does not hold at {offsets} what was read there before"))
            return
        task = asyncio.create_task(self._recall(request, offsets))
        self._recalls[task] = request
        task.add_done_callback(lambda done: self._recalls.pop(done, None))

    def told(self, command_id: str, offset: int, fold: PartitionFold[Any]) -> Applied | None:
        """What the command led to whose event stands at `offset`. None: it is being read; ask again."""
        if (told := self._told.get(command_id)) is None and command_id not in self._tellings:
            task = asyncio.create_task(self._tell(command_id, offset, fold))
            self._tellings[command_id] = task
            task.add_done_callback(lambda _: self._tellings.pop(command_id, None))
        return told

    def end(self) -> list[Request]:
        """Stop reading. Returns the requests that still wait for their events."""
        waiting = list(self._recalls.values())
        for task in (*self._recalls, *self._tellings.values()):
            task.cancel()
        self._recalls.clear()
        self._told.clear()
        return waiting

    async def _recall(self, request: Request, offsets: Sequence[int]) -> None:
        try:
            request.recalled += await self._read(offsets)
        except LogUnavailable as error:
            request.fail(error)
        else:
            self._again(request)

    async def _tell(self, command_id: str, offset: int, fold: PartitionFold[Any]) -> None:
        try:
            ((key, _, envelope),) = await self._read((offset,))
            applied = Applied(
                position=position_text(*self._tp, offset),
                subject=envelope.subject,
                view=await self._view(fold, key, envelope.subject),
                event_type=envelope.type,
                event_id=envelope.id,
            )
        except LogUnavailable as error:
            log.warning("cannot tell yet what a command led to", at=(*self._tp, offset), why=str(error))
            return
        if len(self._told) >= MOST_TOLD:
            self._told.clear()
        self._told[command_id] = applied

    async def _view(self, fold: PartitionFold[Any], key: str, subject: str) -> dict[str, Any]:
        events: list[Recalled] = []
        while True:
            try:
                with fold.at_hand(events):
                    return fold.decider.view(fold.state, key, subject)
            except NotAtHand as missing:
                events += await self._read(missing.offsets)

    async def _read(self, offsets: Sequence[int]) -> list[Recalled]:
        """Raises LogUnavailable, also for a log that was replaced under the owner's feet."""
        try:
            records = await self._log.records_at(self._tp, offsets)
        except LogTruncated as error:
            raise LogUnavailable(str(error)) from error
        RECALLED.labels(self._tp[0]).inc(len(records))
        events: list[Recalled] = []
        for record in records:
            decoded = decode(record)
            if isinstance(decoded, Undecodable):
                raise LogUnavailable(f"{self._tp} at {record.offset}: {decoded.why}")
            envelope, event = decoded
            events.append(((record.key or b"").decode("utf-8", "replace"), event, envelope))
        return events
