"""kill -9 while a snapshot is being written: the next owner has the state of the log, with a snapshot or without."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.commands.client import CommandClient
from adapters.kafka.host import Host
from adapters.kafka.snapshots import PREFIX, Snapshots
from adapters.object_store.s3 import S3Store
from tests.conftest import S3
from tests.log.snapshot_process import EVERY, FiledLog, HeavyLedger, identify
from tests.log.test_owner import AT, TOPIC, balance

KILLS_AFTER_S = (0.0, 0.03)
"""After the writing began."""


@pytest.fixture
async def store(s3: S3) -> AsyncIterator[S3Store]:
    store = S3Store(s3.url, s3.access_key, s3.secret_key)
    await store.start()
    yield store
    for key in await store.keys(PREFIX):
        await store.delete(key)
    await store.close()


async def killed_while_writing(path: Path, s3: S3, writings: int, after_s: float) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.log.snapshot_process", str(path), *s3, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            while writings:
                line = await process.stdout.readline()
                assert line, "it ended by itself"
                writings -= line == b"writing\n"
        await asyncio.sleep(after_s)
    finally:
        process.kill()
        await process.communicate()


@pytest.mark.timeout(300)
async def test_an_owner_killed_while_it_writes_a_snapshot_leaves_nothing_wrong(
    tmp_path: Path, s3: S3, store: S3Store
) -> None:
    path = tmp_path / "log"
    for number, after_s in enumerate(KILLS_AFTER_S):
        await killed_while_writing(path, s3, 1 + number, after_s)
        log = FiledLog(path)
        await log.load()
        spent = sum(record.by_name["ce_type"] == b"lathe.credits.adjusted.v1" for record in log.partitions[AT])
        assert spent >= EVERY * number
        host = Host(
            log,
            {TOPIC: HeavyLedger()},
            address="http://there",
            source="test",
            group=None,
            snapshots=Snapshots(store, log, identify, 10**9),
        )
        client = CommandClient(host.directory, b"key", host)
        await host.start()
        assert await balance(client) == 1_000_000 - spent
        host.owners[AT].want(False)
        await client.stop()
        await host.stop()
    assert await store.keys(PREFIX), "the first of the last process's snapshots was written whole"
