"""Folds of a fixed history, by topic: `python -m tests.log.folds` writes them down after a change that is meant."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.kafka.snapshot import shape_of
from domain.account import commands as c
from domain.account import events as e
from domain.account.decider import AccountDecider
from tests.domain.given_account import (
    ACCOUNT,
    CREDIT,
    account,
    cancel,
    opened,
    request,
    run_failed,
    run_started,
    run_succeeded,
    stored_file,
)
from tests.domain.scenario import Scenario, new_id
from tests.domain.test_catalog import catalog, publish
from tests.domain.test_identity import register, users

FILE: Final = Path(__file__).with_name("folds.json")
SAME: Final = {"idempotency_key": "a1" * 16, "idempotency_digest": "b2" * 16}


def accounts() -> Scenario:
    """Tasks that ended in each way, some of them old, files, and a task that waits."""
    scenario = account(opened(99 * CREDIT), e.FileStored(file=stored_file()))
    scenario.decider = AccountDecider(tasks=2, files=2)
    scenario.when(request(), **SAME).when(run_started()).when(run_succeeded(1, 1), causation_id=new_id(77))
    for number in range(6):
        task_id = new_id(500_000 + number)
        scenario.when(request(task_id=task_id))
        if number % 2:
            scenario.when(c.CancelTask(account_id=ACCOUNT, task_id=task_id))
        else:
            command = msgspec.structs.replace(run_failed("permanent", source_offset=10 + number), task_id=task_id)
            scenario.when(command)
    scenario.when(cancel())
    return scenario.when(request(task_id=new_id(600_000)))


def identity() -> Scenario:
    return users().when(register(3), **SAME)


def models() -> Scenario:
    return catalog().when(publish(), **SAME).when(publish(version="2"))


STORIES: Final[dict[str, Callable[[], Scenario]]] = {
    "lathe.accounts": accounts,
    "lathe.identity": identity,
    "lathe.catalog": models,
}


def found() -> dict[str, dict[str, Any]]:
    """By topic: the decider's number of its fold, the shape of its state, and the state of the story, as hashes."""
    told = {}
    for topic, story in STORIES.items():
        scenario = story()
        told[topic] = {
            "fold": scenario.decider.fold,
            "shape": shape_of(type(scenario.state)),
            "state": sha256(msgspec.msgpack.encode(scenario.state)).hexdigest(),
        }
    return told


if __name__ == "__main__":
    FILE.write_text(json.dumps(found(), indent=2) + "\n")
