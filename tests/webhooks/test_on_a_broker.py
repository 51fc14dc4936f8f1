"""The role `webhooks`, processes on a real broker and a real PostgreSQL: killed and stopped while they post."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.ids import new_id
from adapters.object_store.memory import MemoryStore
from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.security.account_keys import AccountKeys
from adapters.security.master_key import MasterKey
from adapters.security.sealed_objects import SealedObjects
from adapters.security.sealing import Sealer
from adapters.webhooks.signatures import new_secret
from domain.account import events as e
from tests.analysis.workplace import at, copy_to
from tests.conftest import parts
from tests.projections.handmade import CREDIT, HandmadeLog, requested, started
from tests.webhooks.receiver import Got, receiver

KEY = bytes(range(1, 33))
PARTITION = 3
TASKS = 50
Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of its own: nobody else's events are handmade."""
    with parts.kafka(tmp_path_factory.mktemp("kafka")) as url:
        yield url


@pytest.fixture
def database(fresh_database: Callable[[], str]) -> str:
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    return url


@pytest.fixture
def start(kafka_url: str, database: str, tmp_path: Path) -> Iterator[Start]:
    """Starts `python -m processors` with nothing but webhooks. By name: it is ready when its file is there."""
    running: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {
        "LATHE_HOME": str(tmp_path), "LATHE_KAFKA_URL": kafka_url, "LATHE_POSTGRES_URL": database,
        "LATHE_PROCESSORS": "webhooks", "LATHE_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "LATHE_MASTER_KEY": base64.b64encode(KEY).decode(),
        "LATHE_S3_URL": "http://127.0.0.1:1", "LATHE_S3_ACCESS_KEY": "nobody", "LATHE_S3_SECRET_KEY": "not-used",
    }  # fmt: skip

    def begin(name: str) -> "subprocess.Popen[bytes]":
        with (tmp_path / "webhooks.log").open("ab") as output:
            named = environment | {"LATHE_READY_FILE": str(tmp_path / name)}
            command = [sys.executable, "-m", "processors"]
            running.append(subprocess.Popen(command, env=named, stdout=output, stderr=output))
        return running[-1]

    yield begin
    for one in running:
        one.kill()
        one.wait()


async def history(by_hand: HandmadeLog, database: str, url: str, secret: str) -> list[str]:
    """An account with a webhook and its tasks; the ids of the messages that it is to get."""
    pool = await make_pool(database)
    keys = AccountKeys(pool, MasterKey(KEY).key_wrapping)
    account, event_id = by_hand.account_in(PARTITION), new_id()
    await keys.create(account)
    sealed = await Sealer(keys, SealedObjects(MemoryStore())).seal_fields(
        account, event_id, {"url": url, "secret": secret}
    )
    await pool.close()
    at(by_hand, "2026-01-05")  # a broker takes no times that lie ahead
    await by_hand.append(account, e.AccountOpened(user_id=1, granted=1000 * CREDIT))
    hook = e.WebhookAdded(webhook_id=new_id(PARTITION), url=sealed["url"], secret=sealed["secret"])
    await by_hand.append(account, hook, id=event_id)
    wanted = []
    for _ in range(TASKS):
        task = by_hand.new_id(PARTITION)
        wanted.append(await by_hand.append(account, requested(task)))
        await by_hand.put(("lathe.accounts", PARTITION), account.encode(), b"{}", [])  # void
        wanted.append(await by_hand.append(account, started(task)))
    return wanted


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_killed_between_a_post_and_its_note_and_stopped_and_woken(
    kafka_url: str, database: str, start: Start, tmp_path: Path
) -> None:
    """At some messages the process dies before it can read the answer; at one it is stopped, and wakes up too late."""
    secret, by_hand = new_secret(), HandmadeLog()
    die_at, stop_at = {1, 20}, 60
    async with receiver() as there:
        first = start("first")
        await there.until((tmp_path / "first").exists, "the first process")
        current = first

        def answer(got: Got) -> int:
            if len(set(there.ids)) in die_at and there.ids.count(got.id) == 1:
                current.kill()
            elif len(set(there.ids)) == stop_at and there.ids.count(got.id) == 1:
                current.send_signal(signal.SIGSTOP)
            return 204

        there.answer = answer
        wanted = await history(by_hand, database, there.url, secret)
        await copy_to(kafka_url, by_hand.log)
        for _ in die_at:
            assert await asyncio.to_thread(current.wait, 100) == -signal.SIGKILL
            current = start("next")
        await there.until(lambda: len(set(there.ids)) >= stop_at, "the stop")
        stopped, current = current, start("heir")
        await there.until(lambda: len(set(there.ids)) == len(wanted), "the heir to post the rest")
        before = len(there.got)
        (tmp_path / "next").unlink(missing_ok=True)
        stopped.send_signal(signal.SIGCONT)
        await there.until((tmp_path / "next").exists, "the one that was stopped to stand by again")
    assert list(dict.fromkeys(there.ids)) == wanted, "every message, in order"
    assert len(there.got) == before, "who has lost the lead posts nothing more"
    assert {there.ids.count(one) for one in wanted} <= {1, 2}
    for got in there.got:
        got.verified(secret)
