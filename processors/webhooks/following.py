"""Following lathe.accounts: which messages are to be posted where. Written down before anything is posted."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, get_args

import structlog

from adapters.kafka.lag import watch_lag
from adapters.kafka.lost_place import has_place
from adapters.kafka.metrics import VOID_RECORDS
from adapters.kafka.place import require_place
from adapters.kafka.port import Log, LogUnavailable
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import is_ahead, judge
from adapters.kafka.record import Record, Undecodable, decode
from adapters.kafka.topics import ACCOUNTS
from adapters.postgres.webhooks import CURSOR, Followed, Outbox
from domain.account.events import AccountClosed, WebhookDisabled
from domain.account.messages import messages_of
from domain.account.webhooks import WebhookEvent
from domain.envelope import Envelope
from domain.registry import TYPE_OF
from processors.webhooks import metrics
from processors.webhooks.endpoints import Endpoints

PARTITIONS: Final[tuple[TP, ...]] = tuple((ACCOUNTS.name, partition) for partition in range(ACCOUNTS.partitions))
SAVE_S: Final = 0.5
"""A place behind which nothing was to be done is saved this often."""
MOST_READ: Final = 2000
PACE_S: Final = 0.5
"""While nobody has a webhook, the log is looked at no more often: a fetch costs the same whatever comes of it."""
_ABOUT_WEBHOOKS: Final = frozenset(TYPE_OF[event].encode() for event in (*get_args(WebhookEvent), AccountClosed))
log = structlog.get_logger(__name__)


class Following:
    """Reads by the read rule, and decodes only what concerns an account with webhooks: most accounts have none."""

    def __init__(self, log_: Log, outbox: Outbox, endpoints: Endpoints, wake: Callable[[str], None]) -> None:
        """`wake` is called with each webhook that has something new."""
        self._log, self._outbox, self._endpoints, self._wake = log_, outbox, endpoints, wake
        self._positions: dict[TP, Position] = {}
        self._first: Mapping[TP, int] = {}
        self._ahead: set[TP] = set()
        """Where a record stands that nobody writes whose log was not cut."""

    async def run(self) -> None:
        """From where the last process was, until cancelled. Raises LogUnavailable, and what PostgreSQL raises."""
        self._positions, self._first = await self._outbox.places(PARTITIONS)
        await require_place(self._log, self._positions)
        reader = await self._log.reader({tp: position.offset for tp, position in self._positions.items()})
        ends = asyncio.create_task(
            watch_lag(CURSOR, lambda: self._log.ends(PARTITIONS), self._offsets, (LogUnavailable,))
        )
        clock = asyncio.get_running_loop().time
        saved_at = clock()
        unsaved = False
        try:
            while True:
                records = await reader.poll(500, MOST_READ)
                has_place(CURSOR)
                found = self.fold(records)
                if self._ahead:
                    await require_place(self._log, {tp: self._positions[tp] for tp in self._ahead})
                    self._ahead.clear()
                unsaved = unsaved or bool(records)
                if found or (unsaved and clock() - saved_at >= SAVE_S):
                    await self._outbox.followed(found, self._positions)
                    saved_at, unsaved = clock(), False
                    self._tell(found)
                if not self._endpoints.by_id and 0 < len(records) < MOST_READ:
                    await asyncio.sleep(PACE_S)
        finally:
            ends.cancel()
            await asyncio.wait([ends])
            await reader.close()

    def fold(self, records: list[Record]) -> Followed:
        """What a stretch of the log leads to; the webhooks in memory are folded along."""
        found = Followed()
        for record in records:
            tp = (record.topic, record.partition)
            kind, self._positions[tp] = judge(self._positions[tp], record)
            if kind == "void":
                VOID_RECORDS.labels(record.topic).inc()
                if is_ahead(self._positions[tp], record):
                    self._ahead.add(tp)
            elif kind == "event" and record.key is not None:
                account_id = record.key.decode("utf-8", "replace")
                about = record.by_name.get("ce_type") in _ABOUT_WEBHOOKS
                if about or self._endpoints.knows(account_id):
                    self._take(account_id, record, found)
        return found

    def _take(self, account_id: str, record: Record, found: Followed) -> None:
        decoded = decode(record)
        if isinstance(decoded, Undecodable):
            log.error("no message can be made of a record", offset=record.offset, account=account_id, why=decoded.why)
            return
        envelope, event = decoded
        try:
            if isinstance(event, AccountClosed):
                self._closed(account_id, found)
                return
            if isinstance(event, WebhookEvent):
                self._fold(account_id, event, envelope, found)
            messages = messages_of(envelope, event)
        except (KeyError, ValueError) as error:
            log.error("no message can be made of an event", event_id=envelope.id, account=account_id, why=repr(error))
            return
        if record.offset < self._first.get((record.topic, record.partition), 0):
            return
        for endpoint in self._endpoints.of(account_id):
            wanted = [message for message in messages if endpoint.wants(message.type)]
            found.rows += [(endpoint.webhook_id, account_id, "event", message) for message in wanted]
            endpoint.waiting += len(wanted)

    def _fold(self, account_id: str, event: WebhookEvent, envelope: Envelope, found: Followed) -> None:
        endpoint = self._endpoints.fold(account_id, event, envelope)
        webhook_id = endpoint.webhook_id
        if endpoint.gone:
            found.saved.pop(webhook_id, None)
            found.removed.add(webhook_id)
        else:
            found.saved[webhook_id] = (account_id, endpoint.webhook)
        if isinstance(event, WebhookDisabled):
            metrics.DISABLED.labels(event.reason).inc()
            log.warning("a webhook is disabled", webhook=webhook_id, reason=event.reason)
        if not endpoint.open:
            found.rows = [row for row in found.rows if row[0] != webhook_id]

    def _closed(self, account_id: str, found: Followed) -> None:
        self._endpoints.close(account_id)
        found.closed.add(account_id)
        found.saved = {webhook: saved for webhook, saved in found.saved.items() if saved[0] != account_id}
        found.rows = [row for row in found.rows if row[1] != account_id]

    def _tell(self, found: Followed) -> None:
        for webhook_id in {*(row[0] for row in found.rows), *found.saved}:
            self._wake(webhook_id)

    def _offsets(self) -> dict[TP, int]:
        return {tp: position.offset for tp, position in self._positions.items()}
