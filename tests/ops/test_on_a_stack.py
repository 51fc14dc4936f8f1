"""`lathe ops lag`, `workers` and `state` on a running Lathe."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.kafka import topics
from tests.system.client import Client
from tests.system.stack import Stack


def ops(stack: Stack, *arguments: str) -> tuple[int, Any]:
    """Exit code, and what it said as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "ops", *arguments, "--json"],
        env=os.environ | {"LATHE_HOME": str(stack.home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


@pytest.fixture
def ada(stack: Stack) -> Iterator[Client]:
    client = Client(stack.url)
    client.register()
    yield client
    client.close()


@pytest.mark.timeout(600)
def test_lag_of_everybody(stack: Stack, ada: Client) -> None:
    deadline = time.monotonic() + 120
    while True:
        code, told = ops(stack, "lag")
        if not any(reader["behind"] for reader in told["readers"]) or time.monotonic() > deadline:
            break
    assert code == 0, told["missing"]
    assert not any(reader["behind"] for reader in told["readers"])
    assert {reader["reader"] for reader in told["readers"]} >= {"read models read_v1", "reactors"}
    owned = {(owner["topic"], owner["partition"]) for owner in told["owners"]}
    assert owned == {(topic.name, p) for topic in topics.ALL if topic.owned for p in range(topic.partitions)}
    assert all(owner["answers"] and owner["epoch"] > 0 for owner in told["owners"])
    assert {process["reader"] for process in told["processes"]} >= {"scheduler", "live_feed"}
    assert [worker["slots"] for worker in told["workers"]]
    code, workers = ops(stack, "workers", "list")
    assert code == 0
    assert {worker["worker_id"] for worker in workers} == {worker["worker_id"] for worker in told["workers"]}


@pytest.mark.timeout(600)
def test_an_account_as_it_was(stack: Stack, ada: Client) -> None:
    account = ada.profile()["uuid"]
    answer = ada.call("POST", "/generate", json={"prompt": "a mug"})
    position, task = answer.headers["lathe-position"], answer.json()["task_id"]
    ada.follow(task)
    code, then = ops(stack, "state", "--account", account, "--at", position)
    assert code == 0
    assert [row["status"] for row in then["rows"]["tasks"]] == ["queued"]
    assert then["rows"]["accounts"][0]["reserved"] > 0
    assert "a mug" not in json.dumps(then)
    code, now = ops(stack, "state", "--account", account)
    assert [row["status"] for row in now["rows"]["tasks"]] == ["completed"]
    assert now["rows"]["accounts"][0]["reserved"] == 0
    other = next(p for p in range(topics.ACCOUNT_PARTITIONS) if p != topics.account_partition(account))
    code, why = ops(stack, "state", "--account", account, "--at", f"lathe.accounts:{other}@1")
    assert code == 2
    assert f"stand in lathe.accounts:{topics.account_partition(account)}" in why
