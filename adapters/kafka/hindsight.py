"""Events that an owner reads again: for decisions on what is old, and for questions about what a command led to."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from adapters.kafka.fold import PartitionFold
from adapters.kafka.metrics import RECALLED
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP
from adapters.kafka.record import Undecodable, decode
from adapters.kafka.requests import Applied, Request, position_text
from domain.decider import NotAtHand, Recalled


class Hindsight:
    """Serves one owner. `again` takes a request whose events are at hand."""

    def __init__(self, log_: Log, tp: TP, again: Callable[[Request], None]) -> None:
        self._log, self._tp, self._again = log_, tp, again
        self._recalls: dict[asyncio.Task[None], Request] = {}

    def recall(self, request: Request, offsets: Sequence[int]) -> None:
        """Read these events for a request; then it is asked again. It fails when that cannot be done."""
        if {envelope.offset for _, _, envelope in request.recalled} >= set(offsets):
            request.fail(LogUnavailable(f"{self._tp} does not hold at {offsets} what was read there before"))
            return
        task = asyncio.create_task(self._recall(request, offsets))
        self._recalls[task] = request
        task.add_done_callback(lambda done: self._recalls.pop(done, None))

    async def told(self, offset: int, fold: PartitionFold[Any], confirmed: Callable[[], Awaitable[None]]) -> Applied:
        """What the command led to whose event stands at `offset`. Raises LogUnavailable, and what `confirmed` raises.

        `confirmed` returns when the fold holds nothing that is not in the log.
        """
        ((key, _, envelope),) = await self._read((offset,))
        events: list[Recalled] = []
        while True:
            await confirmed()
            try:
                with fold.at_hand(events):
                    view = fold.decider.view(fold.state, key, envelope.subject)
            except NotAtHand as missing:
                events += await self._read(missing.offsets)
                continue
            return Applied(
                position=position_text(*self._tp, offset),
                subject=envelope.subject,
                view=view,
                event_type=envelope.type,
                event_id=envelope.id,
            )

    def end(self) -> list[Request]:
        """Stop reading. Returns the requests that still wait for their events."""
        waiting = list(self._recalls.values())
        for task in self._recalls:
            task.cancel()
        self._recalls.clear()
        return waiting

    async def _recall(self, request: Request, offsets: Sequence[int]) -> None:
        try:
            request.recalled += await self._read(offsets)
        except LogUnavailable as error:
            request.fail(error)
        else:
            self._again(request)

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
