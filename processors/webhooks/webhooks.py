"""The one process that posts: it holds a lock of PostgreSQL, by the very connection it writes with."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import structlog

from adapters.commands.client import CommandClient
from adapters.errors import DependencyDown
from adapters.kafka.lost_place import wait_for_place
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.postgres import away
from adapters.postgres.webhooks import CURSOR, Outbox
from adapters.security.sealing import Sealer
from adapters.webhooks.posting import Poster
from processors.projections.leadership import IDLE_S, PING_S, STATEMENT_S, become_leader
from processors.webhooks import metrics
from processors.webhooks.endpoints import Endpoint, Endpoints
from processors.webhooks.following import PARTITIONS, Following
from processors.webhooks.redelivering import Redelivering
from processors.webhooks.schedule import Schedule
from processors.webhooks.sending import Sending, about_delivery

AWAY: Final = (*away.AWAY, LogUnavailable, DependencyDown)
PAUSE_S: Final = 0.5
UNEXPECTED_S: Final = 2.0
LOOK_S: Final = 0.25
"""Tests and redeliveries that the API ordered are looked for this often."""
SWEEP_S: Final = 3600.0
FIGURES_S: Final = 5.0
log = structlog.get_logger(__name__)


class Webhooks:
    """Posts while it leads, and stands by while another process does."""

    def __init__(
        self,
        log_: Log,
        postgres_url: str,
        commands: CommandClient,
        sealer: Sealer,
        poster: Poster,
        schedule: Schedule | None = None,
    ) -> None:
        self._log, self._url, self._commands = log_, postgres_url, commands
        self._sealer, self._poster, self._schedule = sealer, poster, schedule or Schedule()

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Until cancelled. While Kafka or PostgreSQL is away it begins again where the last rows were written."""
        while True:
            try:
                connection = await _connect(self._url)
                try:
                    outbox = Outbox(connection)
                    await outbox.begin(await self._log.ends(PARTITIONS))
                    ready()
                    await become_leader(connection, "webhooks")
                    await self._lead(outbox)
                finally:
                    metrics.WAITING.set(0)
                    metrics.OVERDUE.set(0)
                    connection.terminate()
            except* AWAY as failures:
                log.warning("cannot post now; trying again", why=[repr(failure) for failure in failures.exceptions])
                await asyncio.sleep(PAUSE_S)
            except* LogTruncated as failures:
                await wait_for_place(CURSOR, failures)
            except* Exception:
                # The other roles of this process have nothing to do with it.
                log.exception("posting failed unexpectedly; beginning anew where the last rows were written")
                await asyncio.sleep(UNEXPECTED_S)

    async def _lead(self, outbox: Outbox) -> None:
        endpoints = Endpoints(await outbox.webhooks())
        async with asyncio.TaskGroup() as tasks:
            sending = Sending(outbox, endpoints, self._poster, self._sealer, self._commands, self._schedule, tasks)
            following = Following(self._log, outbox, endpoints, sending.wake)
            tasks.create_task(following.run(), name="follow")
            tasks.create_task(_every(PING_S, outbox.ping), name="ping")
            tasks.create_task(_every(SWEEP_S, outbox.swept), name="sweep")
            tasks.create_task(_every(FIGURES_S, lambda: _told(outbox, endpoints)), name="figures")
            tasks.create_task(self._ordered(outbox, endpoints, sending, tasks), name="orders")
            for webhook_id in [one.webhook_id for one in endpoints.by_id.values() if one.waiting]:
                sending.wake(webhook_id)

    async def _ordered(self, outbox: Outbox, endpoints: Endpoints, sending: Sending, tasks: asyncio.TaskGroup) -> None:
        """Begin what the API ordered."""
        redelivering = Redelivering(self._log, outbox, endpoints, sending)
        jobs: dict[int, asyncio.Task[None]] = {}
        tests: dict[int, asyncio.Task[None]] = {}
        while True:
            if not endpoints.by_id:  # there is nothing to order them for
                await asyncio.sleep(LOOK_S)
                continue
            for job in await outbox.jobs():
                if job.redelivery_id not in jobs or jobs[job.redelivery_id].done():
                    jobs[job.redelivery_id] = tasks.create_task(redelivering.run(job))
            for test in await outbox.tests():
                endpoint = endpoints.by_id.get(test.webhook_id)
                if endpoint is not None and test.delivery_id not in tests:
                    tests[test.delivery_id] = tasks.create_task(_tested(outbox, sending, endpoint, test))
            for begun in (jobs, tests):
                for ended in [number for number, task in begun.items() if task.done()]:
                    del begun[ended]
            await asyncio.sleep(LOOK_S)


async def _tested(outbox: Outbox, sending: Sending, endpoint: Endpoint, test: Any) -> None:
    """One attempt, whatever waits, and whether or not the webhook is enabled."""
    with about_delivery(test):
        outcome = await sending.attempt(endpoint, test)
    if outcome is None:
        await outbox.dead(test, None, "erased")
    elif outcome.kind == "delivered":
        await outbox.delivered(test, outcome)
        endpoint.failing_since = None
    else:
        await outbox.dead(test, outcome.status, outcome.kind)


async def _told(outbox: Outbox, endpoints: Endpoints) -> None:
    metrics.WAITING.set(sum(endpoint.waiting for endpoint in endpoints.by_id.values()))
    metrics.OVERDUE.set(await outbox.overdue_s())


async def _every(seconds: float, do: Callable[[], Any]) -> None:
    while True:
        await do()
        await asyncio.sleep(seconds)


async def _connect(url: str) -> Any:
    """A connection that PostgreSQL ends when its process falls silent, and the lock with it."""
    idle = f"{IDLE_S}s"
    settings = {
        "application_name": "lathe webhooks",
        "idle_session_timeout": idle,
        "idle_in_transaction_session_timeout": idle,
        "jit": "off",
    }
    return await asyncpg.connect(url, timeout=10, command_timeout=STATEMENT_S, server_settings=settings)
