"""`lathe ops verify` on a real broker, PostgreSQL and S3: what holds, what was broken on purpose, what was deleted."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from adapters.kafka import topics
from adapters.object_store.s3 import S3Store
from tests.conftest import S3, parts
from tests.rebuild.test_on_a_broker import appended, until
from tests.verify.history import History, some_history
from tests.verify.test_invariants import BREAKS

ACCOUNTS = topics.ACCOUNTS.name
BROKEN_LAST = ("owner-sequence", "owner-epochs")
"""They make void what follows in their partition."""
IN_MEMORY = ("offsets",)
"""A broker deletes no record in the middle."""


@pytest.fixture(scope="module")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of its own: the log is broken afterwards."""
    with parts.kafka(tmp_path_factory.mktemp("kafka")) as url:
        yield url


@pytest.fixture
def environment(kafka_url: str, fresh_read_models: Callable[[], str], s3: S3, tmp_path: Path) -> dict[str, str]:
    url = fresh_read_models()
    return os.environ | {
        "LATHE_HOME": str(tmp_path), "LATHE_KAFKA_URL": kafka_url, "LATHE_POSTGRES_URL": url, "LATHE_S3_URL": s3.url,
        "LATHE_S3_ACCESS_KEY": s3.access_key, "LATHE_S3_SECRET_KEY": s3.secret_key, "LATHE_PROCESSORS": "projections",
        "COLUMNS": "200",
    }  # fmt: skip


async def ops(environment: dict[str, str], *arguments: str) -> tuple[int, Any]:
    """Exit code, and what was said as JSON."""
    code, said = await run(environment, *arguments, "--json")
    return code, json.loads(said)


async def verified(environment: dict[str, str], *more: str) -> tuple[int, str]:
    return await run(environment, "verify", *more)


async def run(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """`lathe ops …`: exit code and output."""
    command = [sys.executable, "-m", "cli.main", "ops", *arguments]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    return done.returncode, done.stdout


async def deleted_before(kafka_url: str, partition: int, offset: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(ACCOUNTS, partition): RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


def projected(there: dict[Any, int]) -> int:
    """Records that the read models are a fold of."""
    return sum(count for tp, count in there.items() if tp[0] in (ACCOUNTS, "lathe.identity", "lathe.catalog"))


async def broken(history: History) -> dict[str, str]:
    """Everything that an invariant forbids, once each, in streams of their own; where each shows first."""
    places = {}
    names = [name for name in BREAKS if name not in (*BROKEN_LAST, *IN_MEMORY)]
    for name in (*names, *BROKEN_LAST):
        accounts = [await history.user(p) for p in (3, 3, 7)]
        topic, partition, offset = await BREAKS[name](history, accounts)
        places[name] = f"{topic}:{partition}@{offset}"
        if name == "owner-sequence":
            await history.claim((ACCOUNTS, 3))
    return places


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_what_holds_what_is_broken_and_what_is_gone(
    kafka_url: str, environment: dict[str, str], s3: S3, tmp_path: Path
) -> None:
    history, _ = await some_history(datetime.now(UTC) - timedelta(days=1))  # no records from the future
    store = S3Store(s3.url, s3.access_key, s3.secret_key)
    await history.store_objects(store)
    there = await appended(kafka_url, history, {})
    with (tmp_path / "processors.log").open("ab") as errors:
        processors = subprocess.Popen([sys.executable, "-m", "processors"], env=environment, stderr=errors)
    try:
        url = environment["LATHE_POSTGRES_URL"]
        reached = "SELECT COALESCE(sum(next_offset), 0) = $1 FROM read_v1.projection_offsets"
        await until(url, reached, projected(there))
        code, said = await verified(environment)
        assert code == 0, said
        assert said.startswith(f"All holds: {sum(there.values())} records")

        places = await broken(history)
        await history.store_objects(store)
        there = await appended(kafka_url, history, there)
        code, said = await verified(environment, "--json")
        assert code == 1
        told: dict[str, Any] = json.loads(said.splitlines()[-1])
        assert told["counts"].keys() == places.keys()
        assert all(finding["means"] and finding["do"] for finding in told["findings"])
        found = {(finding["invariant"], finding["place"]) for finding in told["findings"]}
        assert set(places.items()) <= found

        # The same places are parked; an operator looks, tries again, and leaves one out.
        await until(url, reached, projected(there))
        code, letters = await ops(environment, "deadletters", "show")
        assert code == 1
        assert places["readable"] in {letter["id"] for letter in letters}
        code, done = await ops(environment, "deadletters", "retry", places["readable"])
        assert (code, done["outcome"]) == (1, "failed")
        code, done = await ops(environment, "deadletters", "skip", places["readable"])
        assert (code, done["outcome"], done["left"]) == (0, "skipped", 0)
        code, letters = await ops(environment, "deadletters", "show")
        assert places["readable"] not in {letter["id"] for letter in letters}

        await deleted_before(kafka_url, 7, 2)
        await store.delete(next(iter(history.objects)))
        code, said = await verified(environment, "--json")
        assert code == 1
        told = json.loads(said.splitlines()[-1])
        found = {(finding["invariant"], finding["place"]) for finding in told["findings"]}
        assert ("offsets", f"{ACCOUNTS}:7@2") in found
        assert told["counts"]["objects"] == 1
    finally:
        processors.terminate()
        processors.wait()
        await store.close()
