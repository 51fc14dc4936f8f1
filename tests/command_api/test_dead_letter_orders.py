"""Operators' orders about parked records: taken once, noted in the audit, refused where they make no sense."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from adapters.kafka import topics
from adapters.postgres.read.tables import SCHEMA
from domain.identity.commands import ChangeRole
from tests.command_api.world import World, refused, world


@pytest.fixture(scope="module")
def projected(fresh_read_models: Callable[[], str]) -> str:
    """A database with read models, and in them a record that is parked and one behind it."""
    url = fresh_read_models()

    async def park() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(
            f'INSERT INTO {SCHEMA}.parked_records (topic, partition, "offset", key, why, role, headers, parked_at)'
            " VALUES ('lathe.accounts', 3, 7, 'a', 'a test', 'poison', '', now()),"
            " ('lathe.accounts', 3, 8, 'a', 'a test', 'behind', '', now())"
        )
        await connection.close()

    asyncio.run(park())
    return url


async def operator(here: World) -> dict[str, str]:
    """The headers of somebody with that role."""
    someone = await here.user("operator")
    await here.decided(topics.IDENTITY, 0, ChangeRole(user_id=someone.user_id, role="operator"))
    return {"authorization": f"Bearer {(await here.login(someone.username))['access_token']}"}


async def test_orders_about_dead_letters(projected: str, tmp_path: Path) -> None:
    path = "/admin/dead-letters/lathe.accounts:3@7"
    async with world(projected, tmp_path) as here:
        boss = await operator(here)
        answer = await here.post(f"{path}/retry", headers=boss)
        assert (answer.status_code, answer.headers["location"]) == (202, path)
        told = answer.json()
        assert (told["action"], told["done_at"], told["outcome"]) == ("retry", None, None)
        assert told["actor"].startswith("user/")
        assert (await here.post(f"{path}/retry", headers=boss)).json() == told
        refused(await here.post(f"{path}/skip", headers=boss), 409, "wrong-state")
        refused(await here.post("/admin/dead-letters/lathe.accounts:3@8/skip", headers=boss), 409, "wrong-state")
        for missing in ("lathe.accounts:3@9", "lathe.accounts:3", "x"):
            refused(await here.post(f"/admin/dead-letters/{missing}/retry", headers=boss), 404, "not-found")
        ann = await here.user("ann")
        refused(await here.post(f"{path}/retry", ann), 403, "forbidden")
        refused(await here.post(f"{path}/retry"), 401, "unauthenticated")
        await here.parts.audit.flush()
        noted = await here.parts.pool.fetch("SELECT detail FROM ops.audit WHERE kind = 'dead-letter-retry'")
        assert [row["detail"]["letter"] for row in noted] == ["lathe.accounts:3@7"] * 2


async def test_where_nothing_was_ever_projected(here: World) -> None:
    answer = await here.post("/admin/dead-letters/lathe.accounts:0@1/retry", headers=await operator(here))
    refused(answer, 404, "not-found")
