"""The process `processors` on a real broker and a real PostgreSQL, killed between the rows of a batch."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.kafka.cluster import identify
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.port import Appender, LogUnavailable, NewRecord
from adapters.kafka.position import TP, Position
from adapters.postgres.read.partitions import PARTITIONS, TOPICS
from adapters.postgres.read.tables import SCHEMA
from domain.account import events as e
from domain.ids import uuid7
from tests.conftest import parts
from tests.projections.handmade import CREDIT, HandmadeLog, requested, started
from tests.projections.reading import expected, fold, read_accounts

NAMES = tuple(topic.name for topic in TOPICS)


class OnBroker(HandmadeLog):
    """Goes on where the topics of the test run stand."""

    def __init__(self, appender: Appender, stands: dict[TP, Position]) -> None:
        super().__init__()
        self._appender = appender
        self.time = datetime.now(UTC)
        for tp, position in stands.items():
            self._epoch[tp] = position.epoch
        self._claimed: set[TP] = set()
        self._seed = int.from_bytes(os.urandom(4)) << 16

    def new_id(self, partition: int = 0) -> str:
        self._seed += 1
        return uuid7(1_900_000_000_000 + self._seed, self._seed.to_bytes(10), partition)

    async def append(self, key: str, event: Any, *args: Any, **fields: Any) -> str:
        tp = ("lathe.accounts", 5)
        if tp not in self._claimed:
            self._claimed.add(tp)
            await self.claim(tp)
        return await super().append(key, event, *args, **fields)

    async def send(self, tp: TP, records: Sequence[NewRecord]) -> None:
        await self._appender.append(tp, records)


async def everything(log: KafkaLog) -> tuple[list[Entry], dict[TP, Position]]:
    """All records of the truth topics, and where a reader stands after them."""
    follower = Follower(log, dict.fromkeys(PARTITIONS, Position()))
    await follower.start()
    ends, entries = await follower.ends(), []
    while not follower.has_passed(ends):
        entries += await follower.poll(500, 5000)
    await follower.stop()
    return entries, follower.positions


@pytest.fixture(scope="module")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of its own: handmade events name run records that no log holds, and owners would look for them."""
    with parts.kafka(tmp_path_factory.mktemp("kafka")) as url:
        yield url


@pytest.fixture
async def log(kafka_url: str) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(kafka_url)
    yield log
    await log.close()


@pytest.fixture
async def appender(log: KafkaLog) -> AsyncIterator[Appender]:
    appender = await log.appender()
    yield appender
    await appender.discard()


@pytest.fixture
def process(kafka_url: str, read_database: str, tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts `python -m processors` with the projections alone."""
    running: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {
        "LATHE_HOME": str(tmp_path), "LATHE_KAFKA_URL": kafka_url, "LATHE_POSTGRES_URL": read_database,
        "LATHE_PROCESSORS": "projections",
    }  # fmt: skip

    def start() -> "subprocess.Popen[bytes]":
        with (tmp_path / "processors.log").open("ab") as output:
            running.append(
                subprocess.Popen([sys.executable, "-m", "processors"], env=environment, stdout=output, stderr=output)
            )
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.wait()


async def test_a_log_says_which_it_is(kafka_url: str) -> None:
    one, again = await identify(kafka_url, NAMES), await identify(kafka_url, NAMES)
    assert one == again
    assert len(one.cluster_id) > 10
    assert len(set(one.topic_ids.values())) == len(NAMES)
    with pytest.raises(LogUnavailable, match="no-such-topic"):
        await identify(kafka_url, ("lathe.accounts", "no-such-topic"))


@pytest.mark.slow
async def test_kill_9_between_rows_loses_and_doubles_nothing(
    log: KafkaLog,
    appender: Appender,
    process: Callable[[], "subprocess.Popen[bytes]"],
    connection: Any,
    read_database: str,
) -> None:
    """A lock stops the projector after it wrote accounts and tasks and before their events: there it is killed."""
    _, stands = await everything(log)
    by_hand = OnBroker(appender, stands)
    by_hand.log.put = by_hand.send  # type: ignore[assignment, method-assign]
    accounts = [by_hand.account_in(5) for _ in range(5)]
    for account in accounts:
        await by_hand.append(account, e.AccountOpened(user_id=1, granted=100 * CREDIT))
    blocker = await asyncpg.connect(read_database, server_settings={"search_path": SCHEMA})
    for _ in range(4):
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE task_events IN ACCESS EXCLUSIVE MODE")
            victim = process()
            for account in accounts:
                task = by_hand.new_id(5)
                await by_hand.append(account, requested(task))
                await by_hand.append(account, started(task))
            while not await connection.fetchval(
                "SELECT count(*) FROM pg_locks WHERE relation = 'task_events'::regclass AND NOT granted"
            ):
                assert victim.poll() is None, "the process ended by itself"
                await asyncio.sleep(0.02)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
    await blocker.close()
    last = process()
    entries, positions = await everything(log)
    while not await connection.fetchval(
        "SELECT count(*) FROM projection_offsets WHERE topic = 'lathe.accounts' AND partition = 5 AND next_offset = $1",
        positions[("lathe.accounts", 5)].offset,
    ):
        assert last.poll() is None
        await asyncio.sleep(0.05)
    mine = {account.encode() for account in accounts}
    wanted = expected(fold([entry for entry in entries if entry.record.key in mine]))
    found = await read_accounts(connection)
    assert {account: found[account] for account in accounts} == wanted
    assert await connection.fetchval("SELECT count(*) FROM task_events WHERE account_id = ANY($1)", accounts) == 40
    last.send_signal(signal.SIGTERM)
    assert last.wait(15) == 0
