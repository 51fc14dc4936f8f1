"""Posting what waits: one message of a webhook at a time, in order; many webhooks beside one another."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import structlog

from adapters.commands.client import CommandClient
from adapters.commands.reactions import disable_webhook
from adapters.errors import Unavailable
from adapters.postgres import away
from adapters.postgres.webhooks import Outbox, Waiting
from adapters.security.account_keys import Erased
from adapters.security.sealing import Sealer
from adapters.telemetry.subject import about
from adapters.webhooks.posting import Outcome, Poster
from adapters.webhooks.signatures import headers_of
from domain.account.state import Webhook
from domain.errors import DomainError
from processors.projections.leadership import PING_S
from processors.webhooks import metrics
from processors.webhooks.endpoints import Endpoint, Endpoints
from processors.webhooks.schedule import Schedule

AT_ONCE: Final = 256
"""Posts under way."""
OF_ONE_ACCOUNT: Final = 4
"""…of them to webhooks of one account: those that let everybody wait take nobody else's turn."""
_TAKEN: Final = 20
"""Messages of a webhook that are read together."""
_GONE: Final = 410
log = structlog.get_logger(__name__)


class Sending:
    """`wake` a webhook, and what waits for it is posted by a task of its own until nothing does."""

    def __init__(
        self,
        outbox: Outbox,
        endpoints: Endpoints,
        poster: Poster,
        sealer: Sealer,
        commands: CommandClient,
        schedule: Schedule,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._outbox, self._endpoints, self._poster, self._sealer = outbox, endpoints, poster, sealer
        self._commands, self._schedule, self._tasks = commands, schedule, tasks
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._turns_of: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._awake: set[str] = set()
        self._running: set[str] = set()

    def wake(self, webhook_id: str) -> None:
        self._awake.add(webhook_id)
        if webhook_id not in self._running:
            self._running.add(webhook_id)
            self._tasks.create_task(self._send(webhook_id), name=f"webhook {webhook_id}")

    async def _send(self, webhook_id: str) -> None:
        try:
            while webhook_id in self._awake:
                self._awake.discard(webhook_id)
                endpoint = self._endpoints.by_id.get(webhook_id)
                if endpoint is not None:
                    await self._drain(endpoint)
        finally:
            self._running.discard(webhook_id)

    async def _drain(self, endpoint: Endpoint) -> None:
        while endpoint.open:
            endpoint.changed.clear()
            waiting = await self._outbox.waiting(endpoint.webhook_id, _TAKEN)
            endpoint.waiting = max(endpoint.waiting, len(waiting))
            if not waiting:
                endpoint.waiting = 0
                return
            await self._in_order(endpoint, waiting)

    async def _in_order(self, endpoint: Endpoint, waiting: Sequence[Waiting]) -> None:
        """Post until one fails, or the webhook is another one: then what waits is read anew."""
        for delivery in waiting:
            if delivery.due_in_s > 0:
                await _either(endpoint.changed, delivery.due_in_s)
                return
            with about_delivery(delivery):
                outcome = await self.attempt(endpoint, delivery)
                if endpoint.gone:
                    return
                if outcome is None:
                    await self._dead(delivery, None, "erased")
                    endpoint.settled()
                elif outcome.kind == "delivered":
                    await self._outbox.delivered(delivery, outcome)
                    endpoint.failing_since = None
                    endpoint.settled()
                    await self._judge(endpoint, delivery, outcome)
                else:
                    await self._failed(endpoint, delivery, outcome)
                    return
                if endpoint.changed.is_set():
                    return

    async def attempt(self, endpoint: Endpoint, delivery: Waiting) -> Outcome | None:
        """Post once; None when the account was erased. Raises what PostgreSQL raises when it cannot tell the key."""
        turns = self._turns_of.setdefault(endpoint.account_id, asyncio.Semaphore(OF_ONE_ACCOUNT))
        async with turns, self._turns:
            # A process that was stopped for a while must find out that it leads no more before it posts, not after.
            await self._outbox.still_leads(PING_S)
            try:
                url, secrets = await self._opened(endpoint)
                headers = headers_of(secrets, delivery.message_id, int(time.time()), delivery.body)
            except (Erased, ValueError) as error:
                log.warning("a webhook cannot be read", why=str(error))
                return None
            except away.AWAY:
                raise
            except Exception:
                # It is repeated with back-off, as a post that fails is: it must not become everybody's failure.
                log.exception("a webhook could not be read, as none should")
                outcome = Outcome("unreachable", 0.0)
            else:
                outcome = await self._poster.post(url, headers, delivery.body)
        metrics.ATTEMPTS.labels(outcome.kind).inc()
        metrics.ATTEMPT_SECONDS.observe(outcome.seconds)
        return outcome

    async def _failed(self, endpoint: Endpoint, delivery: Waiting, outcome: Outcome) -> None:
        if endpoint.changed.is_set():  # it says nothing about the webhook as it is now, which is tried at once
            await self._outbox.failed(delivery, outcome, 0)
            return
        again_in_s = self._schedule.delay_s(delivery.attempts + 1, outcome.retry_after_s)
        if delivery.age_s + again_in_s > self._schedule.give_up_s:
            await self._dead(delivery, outcome.status, outcome.kind)
            endpoint.settled()
            await self._judge(endpoint, delivery, outcome)
            return
        endpoint.failing_since = await self._outbox.failed(delivery, outcome, again_in_s)
        log.info(
            "a webhook did not take a message",
            outcome=outcome.kind,
            status=outcome.status,
            attempt=delivery.attempts + 1,
            again_in_s=round(again_in_s, 1),
        )
        await self._judge(endpoint, delivery, outcome)

    async def _judge(self, endpoint: Endpoint, delivery: Waiting, outcome: Outcome) -> None:
        """Have the webhook disabled if there is no hope for it. What cannot be asked now is asked next time."""
        now = datetime.now(UTC)
        since = endpoint.failing_since
        if outcome.status == _GONE:
            reason = "gone"
        elif since is not None and (now - since).total_seconds() >= self._schedule.disable_s:
            reason = "failing"
        elif endpoint.waiting > self._schedule.most_waiting:
            reason = "overflow"
        else:
            return
        reaction = disable_webhook(endpoint.account_id, endpoint.webhook_id, reason, since or now, delivery.message_id)
        try:
            await self._commands.send(reaction.topic, reaction.partition, reaction.command, reaction.context)
        except (DomainError, Unavailable) as error:
            log.warning("a webhook cannot be disabled", why=str(error))

    async def _dead(self, delivery: Waiting, status: int | None, error: str) -> None:
        await self._outbox.dead(delivery, status, error)
        metrics.DEAD.inc()

    async def _opened(self, endpoint: Endpoint) -> tuple[str, list[str]]:
        """The address, and the secrets that sign now: the newest first. Raises Erased, Unreadable, UnreadableKey."""
        account_id, webhook = endpoint.account_id, endpoint.webhook
        url = await self._sealer.open(account_id, webhook.url)
        secrets = [await self._sealer.open(account_id, webhook.secret)]
        if webhook.previous is not None and _still(webhook):
            secrets.append(await self._sealer.open(account_id, webhook.previous))
        return url, secrets


def about_delivery(delivery: Waiting) -> AbstractContextManager[None]:
    """The ids of a message, on all log lines of the block. `message` is the id of its event."""
    return about(
        task_id=msgspec.json.decode(delivery.body)["data"].get("task_id"),
        account=delivery.account_id,
        webhook=delivery.webhook_id,
        message=delivery.message_id,
    )


def _still(webhook: Webhook) -> bool:
    return webhook.previous_until is not None and datetime.now(UTC) < webhook.previous_until


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, or for so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
