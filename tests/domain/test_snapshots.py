"""States are plain values: written, read back and folded on, they are the same."""

from typing import Any

import msgspec
import pytest

from domain.account import commands as a
from domain.account import events as e
from domain.account.state import Accounts
from domain.catalog.state import CatalogState
from domain.identity import commands as i
from domain.identity.state import IdentityState
from domain.scheduling.decider import Assignments
from domain.scheduling.state import SchedulerState
from tests.domain.given_account import ACCOUNT, FILE, account, opened, request, run_succeeded, stored_file
from tests.domain.given_scheduler import World
from tests.domain.scenario import Scenario
from tests.domain.test_assignments import assign, assignments
from tests.domain.test_catalog import catalog, publish
from tests.domain.test_identity import register, users

KEY = {"idempotency_key": "a1" * 16, "idempotency_digest": "b2" * 16}


def an_account() -> tuple[Scenario, msgspec.Struct]:
    scenario = account(opened(), e.FileStored(file=stored_file()))
    scenario.when(request(inputs=(("image", FILE),)), **KEY).when(run_succeeded())
    return scenario, a.AdjustCredits(account_id=ACCOUNT, amount=5, reason="x")


def identity() -> tuple[Scenario, msgspec.Struct]:
    scenario = users().when(register(3), **KEY)
    return scenario, i.DeleteUser(user_id=2)


def models() -> tuple[Scenario, msgspec.Struct]:
    return catalog().when(publish(), **KEY), publish(version="2")


def given_runs() -> tuple[Scenario, msgspec.Struct]:
    return assignments().when(assign()), assign(2, "w2")


@pytest.mark.parametrize(
    ("story", "kind"),
    [(an_account, Accounts), (identity, IdentityState), (models, CatalogState), (given_runs, Assignments)],
)
@pytest.mark.parametrize("codec", [msgspec.json, msgspec.msgpack])
def test_a_snapshot_is_the_state(story: Any, kind: type[msgspec.Struct], codec: Any) -> None:
    scenario, command = story()
    assert scenario.refolded() == scenario.state
    scenario.state = codec.decode(codec.encode(scenario.state), type=kind)
    scenario.when(command)
    assert scenario.event is not None
    assert scenario.refolded() == scenario.state


def test_the_schedulers_state_is_plain_too() -> None:
    world = World().beat("w1").requested("t1").requested("t2", deadline=World().now)
    world.carry_out()
    world.holding("w1", ("t1", 1), ("old", 2)).later(1)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(world.state), type=SchedulerState) == world.state


def test_a_finished_task_keeps_its_request_for_a_fork() -> None:
    scenario, _ = an_account()
    (task,) = scenario.state.accounts[ACCOUNT].tasks.values()
    assert task.prompt is not None
    assert [item.file_id for item in task.inputs] == [FILE]
