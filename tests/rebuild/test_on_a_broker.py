"""`lathe ops rebuild` against a real broker, a real PostgreSQL and running processors, and killed on its way."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.kafka import topics
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.port import NewRecord
from adapters.postgres.read.migrate import live_schema
from domain.account import events as e
from processors.projections import leadership
from tests.conftest import parts
from tests.projections.handmade import CREDIT, HandmadeLog, requested
from tests.rebuild.making import some_accounts

OPENED = e.AccountOpened(user_id=1, granted=10 * CREDIT)
Run = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of its own: handmade events name run records that no log holds, and owners would look for them."""
    with parts.kafka(tmp_path_factory.mktemp("kafka")) as url:
        yield url


@pytest.fixture
def run(kafka_url: str, url: str, tmp_path: Path) -> Iterator[Run]:
    """Starts a Python module that finds this broker and this database."""
    running: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {
        "LATHE_HOME": str(tmp_path), "LATHE_KAFKA_URL": kafka_url, "LATHE_POSTGRES_URL": url,
        "LATHE_PROCESSORS": "projections", "COLUMNS": "200",
    }  # fmt: skip

    def start(*arguments: str) -> "subprocess.Popen[bytes]":
        with (tmp_path / "processors.log").open("ab") as errors:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", *arguments], env=environment, stdout=subprocess.PIPE, stderr=errors
                )
            )
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.communicate()


async def appended(kafka_url: str, by_hand: HandmadeLog, since: dict[Any, int]) -> dict[Any, int]:
    """The handmade log's records on the broker; how many of each partition it has now."""
    log = KafkaLog(kafka_url)
    appender = await log.appender()
    try:
        for tp, records in by_hand.log.partitions.items():
            new = records[since.get(tp, 0) :]
            if new:
                made = [NewRecord(r.key or b"", r.value or b"", list(r.headers), r.timestamp) for r in new]
                await appender.append(tp, made)
    finally:
        await appender.discard()
        await log.close()
    return {tp: len(records) for tp, records in by_hand.log.partitions.items()}


async def until(url: str, query: str, *given: Any) -> None:
    """Wait until a query tells true; the test's own time limit is the deadline."""
    connection = await asyncpg.connect(url)
    try:
        while not await connection.fetchval(query, *given):
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


def tell(process: "subprocess.Popen[bytes]") -> str:
    """All it said, once it ended well."""
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said.decode()
    return said.decode()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_killed_run_again_swapped_and_followed(kafka_url: str, url: str, run: Run, by_hand: HandmadeLog) -> None:
    by_hand.time = datetime.now(UTC) - timedelta(days=1)  # a broker takes no records from the future
    accounts = await some_accounts(by_hand, OPENED, 12)
    there = await appended(kafka_url, by_hand, {})
    run("processors")
    total = "(SELECT sum(next_offset) FROM read_v1.projection_offsets) = $1"
    await until(url, f"SELECT {total}", sum(there.values()))

    blocker = await asyncpg.connect(url)
    # It waits to project until a table is locked; that stops it between the rows of a batch. There it is killed.
    await leadership.become_leader(blocker, "read_v2")
    victim = run("processors.rebuild")
    await until(url, "SELECT to_regclass('read_v2.task_events') IS NOT NULL")
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE read_v2.task_events IN ACCESS EXCLUSIVE MODE")
        await blocker.execute("SELECT pg_advisory_unlock_all()")
        await until(
            url,
            "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'read_v2.task_events'::regclass AND NOT granted)",
        )
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    assert await blocker.fetchval("SELECT COALESCE(sum(next_offset), 0) FROM read_v2.projection_offsets") == 0

    said = tell(run("cli.main", "ops", "rebuild"))
    assert "Going on with read_v2 beside read_v1" in said
    assert "all accounts balance" in said
    assert "different" not in said
    assert "read_v2 serves now" in said
    assert await live_schema(blocker) == "read_v2"

    # The processors that run go over to it; the one before is kept up to date for those who still look there.
    for account in accounts:
        await by_hand.append(account, requested(by_hand.new_id(topics.account_partition(account)), price=1))
    there = await appended(kafka_url, by_hand, there)
    await until(url, f"SELECT {total.replace('read_v1', 'read_v2')}", sum(there.values()))
    await until(url, f"SELECT {total}", sum(there.values()))
    assert await blocker.fetchval("SELECT count(*) FROM read_v2.tasks") == 4 * 12
    assert await blocker.fetchval("SELECT count(*) FROM (TABLE read_v2.tasks EXCEPT TABLE read_v1.tasks) d") == 0
    await blocker.close()
