"""The role `webhooks` on the log of a `World`: it can be killed and begun again."""

import asyncio
from typing import Any, Final

import asyncpg

from adapters.webhooks.addresses import Addresses
from adapters.webhooks.posting import Poster
from processors.webhooks.schedule import Schedule
from processors.webhooks.webhooks import Webhooks
from tests.command_api.world import PATIENCE_S, User, World, until

LOCAL: Final = ("127.0.0.0/8",)
QUICK: Final = Schedule(delays_s=(0.02,))
"""Failures are repeated at once."""


class Posting:
    """One process that posts."""

    def __init__(self, here: World, url: str) -> None:
        self.here, self.url = here, url
        self.running: asyncio.Task[None] | None = None
        self.poster: Poster | None = None

    async def start(self, schedule: Schedule = QUICK, networks: tuple[str, ...] = LOCAL) -> None:
        """Returns when it is ready: what is decided from then on is posted."""
        parts = self.here.parts
        self.poster = Poster(Addresses(networks))
        posts = Webhooks(self.here.log, self.url, parts.commands, parts.sealer, self.poster, schedule)
        ready = asyncio.Event()
        self.running = asyncio.create_task(posts.run(ready.set))
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()

    async def stop(self) -> None:
        """As a kill: nothing is finished."""
        if self.running is not None:
            self.running.cancel()
            await asyncio.wait([self.running])
            self.running = None
        if self.poster is not None:
            await self.poster.stop()
            self.poster = None

    async def clean(self) -> None:
        """Every world has a log of its own, so what is known of another one's is forgotten."""
        tables = ("webhooks", "webhook_deliveries", "webhook_redeliveries", "webhook_beginnings", "cursors")
        await self.execute("TRUNCATE " + ", ".join(f"ops.{table}" for table in tables))

    async def execute(self, statement: str, *values: Any) -> None:
        await self.here.parts.pool.execute(statement, *values)

    async def rows(self, query: str, *values: Any) -> list[asyncpg.Record]:
        return list(await self.here.parts.pool.fetch(query, *values))

    async def states(self) -> list[str]:
        rows = await self.rows("SELECT state FROM ops.webhook_deliveries ORDER BY delivery_id")
        return [row["state"] for row in rows]

    async def settled(self) -> None:
        """Until nothing waits."""

        async def nothing_waits() -> bool:
            return "waiting" not in await self.states()

        await until(nothing_waits, "all deliveries to end")

    async def caught_up(self) -> None:
        """Until the log was followed to its end."""

        async def at_the_end() -> bool:
            rows = await self.rows("SELECT topic, partition, next_offset FROM ops.cursors WHERE name = 'webhooks'")
            places = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            ends = {tp: end for tp, end in self.here.sizes().items() if tp[0] == "lathe.accounts"}
            return bool(places) and all(places[tp] >= end for tp, end in ends.items())

        await until(at_the_end, "the log's end")


async def add(here: World, user: User, url: str, **fields: Any) -> dict[str, Any]:
    """A webhook added over HTTP: the answer's document."""
    answer = await here.post("/webhooks", user, json={"url": url, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def cancelled(here: World, user: User, count: int = 1) -> list[str]:
    """Tasks that were requested and cancelled: two messages each."""
    ids = []
    for _ in range(count):
        ids.append(await here.task(user))
        assert (await here.post(f"/generate/{ids[-1]}/cancel", user)).status_code == 202
    return ids


def of_log(here: World, user: User) -> list[str]:
    """Ids of all task events of a user, in the order of the log."""
    return [e.id for e, _ in here.events(user.stream, user.account_id) if e.type.startswith("lathe.task.")]
