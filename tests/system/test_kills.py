"""Whatever process dies, what was accepted finishes once. Kills at random: tests/chaos, tests/system/kills.py."""

import time

import pytest

from tests.system.client import Client
from tests.system.stack import Stack


@pytest.mark.timeout(240)
def test_a_killed_worker_is_replaced_and_the_task_is_charged_once(stack: Stack, client: Client) -> None:
    task_id = client.generate(prompt="a red wooden chair", params={"quality": "high"})
    while client.task(task_id)["status"] == "queued":
        time.sleep(0.05)
    assert stack.kill("ml_worker")
    told, _ = client.follow(task_id)
    assert [event["type"] for event in told] == ["requested", "started", "retried", "started", "completed"]
    task = client.task(task_id)
    assert (task["status"], task["attempt"], task["charged"]) == ("completed", 2, 1)
    assert client.profile()["balance"] == 99


@pytest.mark.timeout(240)
def test_a_killed_supervisor_leaves_nothing_that_the_next_start_does_not_end(stack: Stack, client: Client) -> None:
    task_id = client.generate(prompt="a blue mug", params={"quality": "draft"})
    before = set(stack.pids().values())
    stack.kill_supervisor()
    stack.start()
    assert before.isdisjoint(stack.pids().values())
    told, _ = client.follow(task_id)
    assert told[-1]["status"] == "completed"
