"""One client's stream of one task: its whole life without a gap, then live, until the terminal event.

The subscription begins before the past is read, and the past is read only when the read models have passed the place
where the subscription began; so every event is in at least one of the two, and `seq` tells what is in both.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from adapters.http.metrics import SSE_CONNECTIONS
from adapters.kafka.topics import ACCOUNTS, account_partition
from adapters.security.authenticator import Caller
from domain.account.timeline import TimelineEntry
from domain.account.told import event_document
from query_api import sse
from query_api.live import Subscription
from query_api.parts import Parts
from query_api.queries import Row
from query_api.rendering import has_ended, progress_document

_CHECK_S: Final = 1.0
"""How often it is asked whether the caller may still listen."""


class TaskStream:
    """`after`: the last event that the client has seen."""

    def __init__(self, parts: Parts, caller: Caller, task: Row, after: int) -> None:
        self._parts, self._caller = parts, caller
        self._task_id, self._model = task["task_id"], task["model"]
        self._tp = (ACCOUNTS.name, account_partition(caller.account_id))
        self._sent = after
        self._status, self._attempt = task["status"], task["attempt"]
        self._last_progress: dict[str, Any] | None = None

    async def messages(self) -> AsyncIterator[bytes]:
        subscription = self._parts.live.subscribe(self._task_id)
        SSE_CONNECTIONS.inc()
        try:
            yield sse.RETRY
            passed = self._parts.live.next_offset(self._tp)
            async for beat in self._caught_up(passed, subscription):
                yield beat
            async for past in self._past():
                yield past
            async for news in self._present(subscription):
                yield news
        finally:
            SSE_CONNECTIONS.dec()
            self._parts.live.unsubscribe(self._task_id, subscription)

    async def _caught_up(self, offset: int, subscription: Subscription) -> AsyncIterator[bytes]:
        """Heartbeats until the read models hold everything before `offset`."""
        quiet = 0.0
        while not await self._parts.positions.reach(self._tp, offset, _CHECK_S):
            if self._is_over(subscription):
                return
            quiet += _CHECK_S
            if quiet >= sse.HEARTBEAT_S:
                quiet = 0.0
                yield sse.HEARTBEAT

    async def _past(self) -> AsyncIterator[bytes]:
        for entry in await self._parts.queries.task_events(self._task_id, after=self._sent):
            yield self._event(entry)

    async def _present(self, subscription: Subscription) -> AsyncIterator[bytes]:
        if (progress := self._progress()) is not None:
            yield progress
        quiet = 0.0
        while not has_ended(self._status) and not self._is_over(subscription):
            if not await subscription.wait(_CHECK_S):
                quiet += _CHECK_S
                if quiet >= sse.HEARTBEAT_S:
                    quiet = 0.0
                    yield sse.HEARTBEAT
                continue
            quiet = 0.0
            events, moved = subscription.take()
            for entry in events:
                if entry.seq == self._sent + 1:
                    yield self._event(entry)
                elif entry.seq > self._sent:
                    return  # a hole: the read models have parked this account; the client comes back
            if moved and (progress := self._progress()) is not None:
                yield progress

    def _is_over(self, subscription: Subscription) -> bool:
        """The client was too slow, the service stops, or the caller's rights ended."""
        return subscription.dropped or self._parts.closing.is_set() or not self._parts.still_accepts(self._caller)

    def _event(self, entry: TimelineEntry) -> bytes:
        self._sent, self._status = entry.seq, entry.status
        self._attempt = entry.data.get("attempt", self._attempt)
        return sse.message("task", event_document(entry), entry.seq)

    def _progress(self) -> bytes | None:
        """The newest progress; None when the task ended or nothing changed."""
        if has_ended(self._status):
            return None
        latest = self._parts.live.latest
        now = latest.of(self._caller.account_id, self._task_id, self._status, self._attempt, self._model)
        told = progress_document(self._task_id, now, self._attempt)
        if told == self._last_progress:
            return None
        self._last_progress = told
        return sse.message("progress", told)
