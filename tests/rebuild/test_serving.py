"""Queries are answered while read models are rebuilt and swapped: without an error, and never older than asked for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from adapters.kafka import topics
from domain.account import events as e
from query_api.changing_over import change_over_with_the_live_schema
from tests.query_api.world import User, World, world
from tests.rebuild.making import Making

CLIENTS = 4


@pytest.fixture
async def here(url: str, tmp_path: Path) -> AsyncIterator[World]:
    """query_api as it runs, going over to whichever schema serves."""
    async with world(url, tmp_path) as running:
        parts = running.parts
        changing = asyncio.create_task(change_over_with_the_live_schema(url, parts.queries, parts.positions))
        yield running
        changing.cancel()
        await asyncio.wait([changing])
        await parts.queries.pool.close()


class Client:
    """Gives itself credits and asks for its balance at once, over and over."""

    def __init__(self, here: World, user: User) -> None:
        self.here, self.user, self.gifts, self.schemas = here, user, 0, set[str]()

    async def run(self) -> None:
        while True:
            await self.here.by_hand.append(self.user.account_id, e.CreditsAdjusted(amount=1_000_000, reason="gift"))
            self.gifts += 1
            tp = (topics.ACCOUNTS.name, self.user.partition)
            position = f"{tp[0]}:{tp[1]}@{len(self.here.by_hand.log.partitions[tp]) - 1}"
            answer = await self.here.get(f"/api/v1/billing/balance?min_position={position}", self.user)
            assert answer.status_code == 200, answer.text
            assert answer.json()["available"] == 100 + self.gifts
            self.schemas.add(self.here.parts.positions.schema)


async def test_nobody_notices(here: World, url: str) -> None:
    users = [await here.user(f"user{n}") for n in range(CLIENTS)]
    clients = [Client(here, user) for user in users]
    control = await asyncpg.connect(url)
    making = Making(url, here.by_hand, control)
    async with contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(control.close)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(client.run()) for client in clients]
            while not all(client.gifts > 3 for client in clients):
                await asyncio.sleep(0.01)
            await making.rebuild()
            following = tasks.create_task(making.projector("read_v2").run())
            before = [client.gifts for client in clients]
            while not all(
                "read_v2" in client.schemas and client.gifts > gifts + 3
                for client, gifts in zip(clients, before, strict=True)
            ):
                await asyncio.sleep(0.01)
            for task in (*running, following):
                task.cancel()
    assert making.line("compared")["same"]
    assert here.parts.positions.schema == "read_v2"


async def test_a_schema_that_is_behind_is_waited_for(here: World, url: str) -> None:
    """It serves already, but nobody projects into it: queries stay where they are until somebody does."""
    ann = await here.user("ann")
    control = await asyncpg.connect(url)
    making = Making(url, here.by_hand, control)
    tp = (topics.ACCOUNTS.name, ann.partition)
    while here.parts.positions.next_offset(tp) < len(here.by_hand.log.partitions[tp]):
        await asyncio.sleep(0.01)
    await making.rebuild(swap=False)
    await here.by_hand.append(ann.account_id, e.CreditsAdjusted(amount=1_000_000, reason="gift"))
    while here.parts.positions.next_offset(tp) < len(here.by_hand.log.partitions[tp]):
        await asyncio.sleep(0.01)
    await control.execute(
        "INSERT INTO ops.live_read_schema (id, schema) VALUES (1, 'read_v2');"
        "SELECT pg_notify('lathe_live_read_schema', 'read_v2')"
    )
    assert (await here.get("/api/v1/billing/balance", ann)).json()["available"] == 101
    assert here.parts.positions.schema == "read_v1"
    following = asyncio.create_task(making.projector("read_v2").run())
    while here.parts.positions.schema != "read_v2":
        await asyncio.sleep(0.01)
    assert (await here.get("/api/v1/billing/balance", ann)).json()["available"] == 101
    following.cancel()
    await asyncio.wait([following])
    await control.close()
