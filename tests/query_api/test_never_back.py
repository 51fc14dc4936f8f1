"""No answer falls behind what this process told before, whatever PostgreSQL or the projector does."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.ids import new_id
from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import migrate_read
from adapters.postgres.read.tables import SCHEMA
from tests import embedded
from tests.projections.handmade import started
from tests.query_api.world import User, World, world

BEHIND = (503, "/problems/projection-behind")


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[str]:
    """A server of its own that writes nothing of what need not be on disk at once, for as long as it can."""
    with embedded.postgres(tmp_path) as url:
        asyncio.run(_prepare(url))
        yield url


async def _prepare(url: str) -> None:
    await migrate_ops(url)
    await migrate_read(url, SCHEMA)
    connection = await asyncpg.connect(url)
    await connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    await connection.execute("ALTER SYSTEM SET autovacuum = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


async def _crash(url: str) -> None:
    """A process of the server dies by SIGKILL: the server ends all others, and recovers from what is on disk."""
    connection = await asyncpg.connect(url)
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await connection.execute("COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'")
    connection.terminate()


async def _status_in_the_database(url: str, task_id: str) -> str | None:
    """Once it has recovered."""
    while True:
        try:
            connection = await asyncpg.connect(url)
        except (asyncpg.PostgresError, OSError):
            await asyncio.sleep(0.05)
            continue
        status: str | None = await connection.fetchval(f"SELECT status FROM {SCHEMA}.tasks WHERE task_id = $1", task_id)
        await connection.close()
        return status


async def test_after_a_crash_of_postgresql_nothing_older_is_told(crashing: str, tmp_path: Path) -> None:
    async with world(crashing, tmp_path) as here:
        ann = await here.user()
        task_id = await here.task(ann)
        await _until(here, ann, task_id, "queued")
        operator = await asyncpg.connect(crashing)
        await operator.execute("CHECKPOINT")
        await operator.close()

        await here.by_hand.append(ann.account_id, started(task_id))
        await _until(here, ann, task_id, "running")
        await here.stop_projecting()
        await _crash(crashing)
        assert await _status_in_the_database(crashing, task_id) == "queued", "the crash took nothing: show it otherwise"

        for path in (f"/generate/{task_id}", "/generate", "/auth/profile", "/api/v1/billing/balance") * 2:
            answer = await here.get(path, ann)
            assert (answer.status_code, answer.json()["type"]) == BEHIND, path
            assert int(answer.headers["retry-after"]) >= 1
        ready = await here.get("/readyz")
        assert ready.status_code == 503
        assert "folded again" in ready.json()["dependencies"]["postgres"]["detail"]

        here.project()
        while (answer := await here.get(f"/generate/{task_id}", ann)).status_code == 503:
            await asyncio.sleep(0.02)
        assert answer.json()["status"] == "running"


async def test_no_answer_falls_behind_a_live_stream(here: World) -> None:
    ann, bob = await here.user(), await here.user("bob")
    task_id = await here.task(ann)
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        assert await stream.events(1) == [1]
        await here.stop_projecting()
        await here.by_hand.append(ann.account_id, started(task_id))
        assert await stream.events(1) == [2]
        for path in (f"/generate/{task_id}", "/auth/profile"):
            answer = await here.get(path, ann)
            assert (answer.status_code, answer.json()["type"]) == BEHIND, path
        assert (await here.get("/auth/profile", bob)).status_code == 200
        here.project()
        await _until(here, ann, task_id, "running")


async def test_what_nobody_was_told_may_be_missing_for_a_while(here: World) -> None:
    """Reading goes on while no projector runs."""
    ann = await here.user()
    task_id = await here.task(ann)
    await _until(here, ann, task_id, "queued")
    await here.stop_projecting()
    await here.by_hand.append(ann.account_id, started(task_id))
    answer = await here.get(f"/generate/{task_id}", ann)
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")


async def test_what_the_log_may_hold_is_not_called_missing(here: World) -> None:
    ann = await here.user()
    await here.get("/auth/profile", ann)
    await here.stop_projecting()
    task_id = await here.task(ann)
    for path in (f"/generate/{task_id}", f"/generate/{new_id(ann.partition)}"):
        answer = await here.get(path, ann)
        assert (answer.status_code, answer.json()["type"]) == BEHIND
    here.project()
    await _until(here, ann, task_id, "queued")
    assert (await here.get(path, ann)).status_code == 404


async def _until(here: World, user: User, task_id: str, status: str) -> None:
    while (answer := await here.get(f"/generate/{task_id}", user)).json()["status"] != status:
        assert answer.status_code == 200
        await asyncio.sleep(0.02)
