"""How the process `processors` starts: not with a wrong key or without a setting; PostgreSQL it waits for."""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.security.master_key import MasterKey, require_master_key
from cli.stack.ports import Ports
from tests.conftest import parts
from tests.log.proxy import Proxy

KEY, OTHER = bytes(range(1, 33)), bytes(range(2, 34))
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of its own: a scheduler leads on it."""
    with parts.kafka(tmp_path_factory.mktemp("kafka")) as url:
        yield url


@pytest.fixture(scope="module")
def database(fresh_database: Callable[[], str]) -> str:
    """Made with KEY."""
    url = fresh_database()

    async def make() -> None:
        await migrate_ops(url)
        pool = await make_pool(url, size=1)
        await require_master_key(pool, MasterKey(KEY))
        await pool.close()

    asyncio.run(make())
    return url


@pytest.fixture
def start(kafka_url: str, database: str, tmp_path: Path) -> Iterator[Start]:
    """Starts `python -m processors` with some roles and settings; it writes to processors.log."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(roles: str, **settings: str) -> "subprocess.Popen[bytes]":
        environment = os.environ | {
            "LATHE_HOME": str(tmp_path), "LATHE_KAFKA_URL": kafka_url, "LATHE_POSTGRES_URL": database,
            "LATHE_PROCESSORS": roles, "LATHE_MASTER_KEY": base64.b64encode(KEY).decode(),
            "LATHE_READY_FILE": str(tmp_path / "ready"),
        }  # fmt: skip
        with (tmp_path / "processors.log").open("ab") as output:
            command = [sys.executable, "-m", "processors"]
            running.append(subprocess.Popen(command, env=environment | settings, stdout=output, stderr=output))
        return running[-1]

    yield begin
    for one in running:
        one.kill()
        one.wait()


@pytest.mark.parametrize("role", ["scheduler", "reactors", "erasure", "webhooks"])
def test_another_master_key_is_refused(role: str, start: Start, tmp_path: Path) -> None:
    store = {"LATHE_S3_URL": "http://127.0.0.1:1", "LATHE_S3_ACCESS_KEY": "nobody", "LATHE_S3_SECRET_KEY": "not-used"}
    process = start(role, LATHE_MASTER_KEY=base64.b64encode(OTHER).decode(), **store)
    assert process.wait(60) == 78
    told = (tmp_path / "processors.log").read_text()
    assert "This database was made with another master key" in told
    assert "Traceback" not in told
    if role != "scheduler":  # it is ready after CHECK_S, whether it has heard of its key by then or not
        assert not (tmp_path / "ready").exists()


def test_a_setting_that_a_role_misses_is_named(start: Start, tmp_path: Path) -> None:
    assert start("erasure").wait(60) == 78
    told = (tmp_path / "processors.log").read_text()
    assert "LATHE_S3_URL" in told
    assert "Traceback" not in told


@pytest.mark.slow
async def test_without_postgres_the_scheduler_leads_and_the_others_wait(
    start: Start, database: str, tmp_path: Path
) -> None:
    server, _, name = database.removeprefix("postgresql://").partition("/")
    who, _, where = server.rpartition("@")
    proxy = Proxy(Ports(prefer_usual=False).choose(5432), int(where.rpartition(":")[2]))
    store = {"LATHE_S3_URL": "http://127.0.0.1:1", "LATHE_S3_ACCESS_KEY": "nobody", "LATHE_S3_SECRET_KEY": "not-used"}
    away = f"postgresql://{who}@127.0.0.1:{proxy.port}/{name}"
    process = start("scheduler,projections,reactors,erasure,webhooks", LATHE_POSTGRES_URL=away, **store)
    said = tmp_path / "processors.log"
    await alive_until(process, lambda: '"scheduling"' in said.read_text())
    assert not (tmp_path / "ready").exists()
    await proxy.start()
    try:
        await alive_until(process, (tmp_path / "ready").exists)
    finally:
        process.kill()
        process.wait()
        await proxy.stop()


async def alive_until(process: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached():
            assert process.poll() is None, "the process ended"
            await asyncio.sleep(0.1)
