"""Posting a stretch of the past again: its messages are read from the log and put behind those that wait."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from adapters.kafka.analysis.beginning import begin_at
from adapters.kafka.follower import Entry
from adapters.kafka.port import Log, LogTruncated
from adapters.kafka.position import TP
from adapters.kafka.readrule import judge
from adapters.kafka.record import decode
from adapters.kafka.topics import ACCOUNTS, account_partition
from adapters.postgres.webhooks import Job, Outbox, Row
from domain.account.messages import Message, messages_of
from processors.webhooks.endpoints import Endpoint, Endpoints
from processors.webhooks.sending import Sending

MOST_WAITING: Final = 1000
"""No more are put behind those that wait while so many do."""
MOST_READ: Final = 1000
AT_ONCE: Final = 2
"""Orders that read at a time: the log is long, and anybody may order all of it."""
STRAGGLERS: Final = timedelta(minutes=1)
"""A record may stand behind others that were decided so much later."""
log = structlog.get_logger(__name__)


class Redelivering:
    """Carries out one order at a time for each webhook. Dying, it goes on where the last rows were written."""

    def __init__(self, log_: Log, outbox: Outbox, endpoints: Endpoints, sending: Sending) -> None:
        self._log, self._outbox, self._endpoints, self._sending = log_, outbox, endpoints, sending
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def run(self, job: Job) -> None:
        """Raises LogUnavailable, and what PostgreSQL raises: the order stays open then."""
        endpoint = self._endpoints.by_id.get(job.webhook_id)
        if endpoint is None:
            return  # it was not read from the log yet; or it is gone, and its orders with it
        try:
            error = await self._carried_out(job, endpoint)
        except LogTruncated as truncated:
            log.error("a redelivery cannot be read", redelivery=job.redelivery_id, why=str(truncated))
            error = "log-truncated"
        await self._outbox.job_ended(job, error)

    async def _carried_out(self, job: Job, endpoint: Endpoint) -> str | None:
        """Why it cannot be done, or None when it is."""
        tp: TP = (ACCOUNTS.name, account_partition(job.account_id))
        first, end = job.next_offset, job.end_offset
        if first is None or end is None:
            first = (await self._log.offsets_at([tp], int(job.since.timestamp() * 1000)))[tp]
            late = job.until + STRAGGLERS
            end = (await self._log.offsets_at([tp], int(late.timestamp() * 1000)))[tp]
        beginning = await begin_at(self._log, {tp: first})
        position, key = beginning.positions[tp], job.account_id.encode()
        reader = await self._log.reader({tp: position.offset})
        try:
            while position.offset < end:
                rows: list[Row] = []
                async with self._turns:
                    records = await reader.poll(500, MOST_READ)
                for record in records:
                    kind, position = judge(position, record)
                    # Most of a partition is about other accounts.
                    mine = kind == "event" and record.key == key and first <= record.offset < end
                    entry = Entry(record, kind, position, decode(record) if mine else None)
                    beginning.check(entry)
                    rows += _rows(job, endpoint, entry)
                endpoint.waiting += len(rows)
                await self._outbox.found(job, rows, max(first, position.offset), end)
                self._sending.wake(job.webhook_id)
                while endpoint.open and endpoint.waiting > MOST_WAITING:
                    endpoint.fewer.clear()
                    await endpoint.fewer.wait()
                if not endpoint.open:
                    return "webhook-disabled"
        finally:
            await reader.close()
        return None


def _rows(job: Job, endpoint: Endpoint, entry: Entry) -> list[Row]:
    """What an entry means to the webhook, if it is about its account and of the time that was asked for."""
    if not isinstance(entry.decoded, tuple):
        return []
    envelope, event = entry.decoded
    if not job.since <= envelope.time < job.until:
        return []
    try:
        messages: tuple[Message, ...] = messages_of(envelope, event)
    except (KeyError, ValueError) as error:
        log.error("no message can be made of an event", event_id=envelope.id, why=str(error))
        return []
    return [
        (job.webhook_id, job.account_id, "redelivery", message) for message in messages if endpoint.wants(message.type)
    ]
