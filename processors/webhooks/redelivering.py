"""Posting a stretch of the past again: its messages are read from the log and put behind those that wait."""

from typing import Final

import structlog

from adapters.kafka.analysis.beginning import begin_at
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.port import Log, LogTruncated
from adapters.kafka.position import TP
from adapters.kafka.topics import ACCOUNTS, account_partition
from adapters.postgres.webhooks import Job, Outbox, Row
from domain.account.messages import Message, messages_of
from processors.webhooks.endpoints import Endpoint, Endpoints
from processors.webhooks.sending import Sending

MOST_WAITING: Final = 1000
"""No more are put behind those that wait while so many do."""
log = structlog.get_logger(__name__)


class Redelivering:
    """Carries out one order at a time for each webhook. Dying, it goes on where the last rows were written."""

    def __init__(self, log_: Log, outbox: Outbox, endpoints: Endpoints, sending: Sending) -> None:
        self._log, self._outbox, self._endpoints, self._sending = log_, outbox, endpoints, sending

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
            first = (await self._log.offsets_at([tp], round(job.since.timestamp() * 1000)))[tp]
            end = (await self._log.offsets_at([tp], round(job.until.timestamp() * 1000)))[tp]
        beginning = await begin_at(self._log, {tp: first})
        follower = Follower(self._log, beginning.positions)
        await follower.start()
        try:
            while follower.positions[tp].offset < end:
                rows: list[Row] = []
                for entry in await follower.poll(500, 1000):
                    beginning.check(entry)
                    if first <= entry.record.offset < end:
                        rows += _rows(job, endpoint, entry)
                endpoint.waiting += len(rows)
                await self._outbox.found(job, rows, max(first, follower.positions[tp].offset), end)
                self._sending.wake(job.webhook_id)
                while endpoint.open and endpoint.waiting > MOST_WAITING:
                    endpoint.fewer.clear()
                    await endpoint.fewer.wait()
                if not endpoint.open:
                    return "webhook-disabled"
        finally:
            await follower.stop()
        return None


def _rows(job: Job, endpoint: Endpoint, entry: Entry) -> list[Row]:
    """What an entry means to the webhook, if it is about its account and of the time that was asked for."""
    if entry.kind != "event" or entry.record.key != job.account_id.encode() or not isinstance(entry.decoded, tuple):
        return []
    envelope, event = entry.decoded
    if not job.since <= envelope.time < job.until:
        return []
    try:
        messages: tuple[Message, ...] = messages_of(envelope, event)
    except ValueError as error:
        log.error("no message can be made of an event", event=envelope.id, why=str(error))
        return []
    return [
        (job.webhook_id, job.account_id, "redelivery", message) for message in messages if endpoint.wants(message.type)
    ]
