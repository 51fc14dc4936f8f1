"""`lathe ops erasures`: the list that outlives a restore."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.ids import new_id
from adapters.postgres.engine import make_pool
from adapters.postgres.erasures import Erasures
from adapters.postgres.ops_migrate import migrate_ops

Lathe = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    url = fresh_database()
    asyncio.run(migrate_ops(url))
    return url


@pytest.fixture
def lathe(url: str, tmp_path: Path) -> Lathe:
    told = {"LATHE_HOME": str(tmp_path), "LATHE_POSTGRES_URL": url, "LATHE_KAFKA_URL": "127.0.0.1:1"}

    def run(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cli.main", "ops", "erasures", *arguments]
        return subprocess.run(command, env=os.environ | told, input=stdin, capture_output=True, text=True, check=False)

    return run


async def with_keys(url: str, accounts: list[str]) -> None:
    connection = await asyncpg.connect(url)
    rows = [(account, b"wrapped") for account in accounts]
    await connection.executemany("INSERT INTO ops.account_keys (account_id, wrapped) VALUES ($1, $2)", rows)
    await connection.close()


async def state(url: str) -> tuple[set[str], list[Any]]:
    pool = await make_pool(url, size=1)
    keys = {row["account_id"] for row in await pool.fetch("SELECT account_id FROM ops.account_keys")}
    open_ = await Erasures(pool).open()
    await pool.close()
    return keys, open_


def test_a_list_that_is_newer_than_the_backup_is_applied_after_the_restore(url: str, lathe: Lathe) -> None:
    erased, kept = new_id(), new_id()
    assert "Nobody was deleted" in lathe("list").stdout
    asyncio.run(with_keys(url, [erased, kept]))
    newer = json.dumps({"account_id": erased, "deleted_at": "2026-11-21T12:00:00Z"}) + "\n"
    refused = lathe("order", "-", stdin=newer)
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    for _ in range(2):
        ordered = lathe("order", "-", "--yes", stdin=newer)
        assert ordered.returncode == 0, ordered.stderr
    keys, open_ = asyncio.run(state(url))
    assert keys == {kept}
    assert [(erasure.account_id, erasure.key_gone_at) for erasure in open_] == [(erased, None)]
    listed = json.loads(lathe("list", "--json").stdout)
    assert (listed["account_id"], listed["done_at"]) == (erased, None)
    assert f"{erased}" in lathe("list").stdout


@pytest.mark.parametrize("line", ["no json", "[]", "{}", '{"account_id": "zaphod"}', '{"account_id": 7}'])
def test_a_file_that_is_no_such_list_changes_nothing(url: str, lathe: Lathe, line: str) -> None:
    account = new_id()
    asyncio.run(with_keys(url, [account]))
    refused = lathe("order", "-", "--yes", stdin=f'{{"account_id": "{account}"}}\n{line}\n')
    assert (refused.returncode, "Line 2" in refused.stderr) == (2, True), refused.stderr
    assert asyncio.run(state(url)) == ({account}, [])


def test_a_file_that_is_no_text_is_no_such_list_either(lathe: Lathe, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"\xff\xfe")
    refused = lathe("order", str(tmp_path / "list"), "--yes")
    assert (refused.returncode, refused.stderr) == (2, "This is no such list: it is not even text.\n")
