"""PostgreSQL cuts connections, or is away: one is not noticed, the other is told as 503."""

import asyncpg

from tests.query_api.world import World


async def test_cut_connections_are_made_anew(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    assert (await here.get(f"/generate/{task_id}", ann)).status_code == 200
    operator = await asyncpg.connect(here.url)
    for _ in range(3):
        await operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert (await here.get(f"/generate/{task_id}", ann)).status_code == 200
        # The connection that hears of projections comes back too: what is written now is found.
        later = await here.task(ann)
        assert (await here.get(f"/generate/{later}", ann)).status_code == 200
    await operator.close()


async def test_an_absent_database_is_503(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    assert (await here.get(f"/generate/{task_id}", ann)).status_code == 200
    name = here.url.rpartition("/")[2]
    operator = await asyncpg.connect(f"{here.url.rpartition('/')[0]}/postgres")
    await operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    answer = await here.get(f"/generate/{task_id}", ann)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/dependency-down")
    assert int(answer.headers["retry-after"]) >= 1
    ready = await here.get("/readyz")
    assert (ready.status_code, ready.json()["dependencies"]["postgres"]["ok"]) == (503, False)
    await operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert (await here.get(f"/generate/{task_id}", ann)).status_code == 200
    await operator.close()
