"""Who gets the next free slot."""

from datetime import timedelta

import msgspec
import pytest

from domain.account import events as a
from domain.account.commands import CancelTask
from domain.runs.events import Engine, RunSucceeded
from domain.scheduling.commands import AssignRun
from domain.scheduling.fold import fold, observe
from domain.scheduling.plan import Plan, refused, sent
from domain.scheduling.state import SchedulerState
from tests.domain.given_scheduler import FORM, RELIEF, World

BOTH = (Engine(FORM, "1"), Engine(RELIEF, "1"))


def test_a_free_slot_gets_the_task_with_its_place_in_the_log() -> None:
    world = World().beat("w1").requested("other").requested("t")
    world.tell("ann", a.TaskCancelled(task_id="other", attempt=1, reason="client", charged=0, released=1))
    assert world.plan() == [
        AssignRun(
            task_id="t",
            attempt=1,
            account_id="ann",
            worker_id="w1",
            model=FORM,
            topic="lathe.accounts",
            partition=0,
            offset=1,
        )
    ]


def test_what_is_assigned_is_not_planned_again() -> None:
    world = World().beat("w1", slots=2).requested("t")
    assert world.assigned() == [("t", "w1")]
    assert world.plan() == []


def test_slots_are_never_overfilled() -> None:
    world = World().beat("w1", slots=2).beat("w2", slots=1)
    for i in range(5):
        world.requested(f"t{i}")
    assert len(world.assigned()) == 3
    assert world.assigned() == []
    world.completed("t0")
    assert [task for task, _ in world.assigned()] == ["t3"]


def test_first_in_first_out_within_an_account() -> None:
    world = World().requested("t1").requested("t2").requested("t3").beat("w1", slots=3)
    assert [task for task, _ in world.assigned()] == ["t1", "t2", "t3"]


def test_priority_counts_within_an_account_only() -> None:
    world = World().requested("a1").requested("a2", priority=5).requested("b1", "bob").beat("w1", slots=3)
    order = [task for task, _ in world.assigned()]
    assert order == ["a2", "b1", "a1"]


def test_a_priority_wins_no_turn_against_another_account() -> None:
    world = World().requested("a1", "ann").requested("b1", "bob", priority=99).beat("w1")
    assert world.assigned() == [("a1", "w1")]


def test_accounts_take_turns() -> None:
    """A hundred tasks of one account do not hold up the one of another."""
    world = World().beat("w1")
    for i in range(100):
        world.requested(f"a{i}", "ann")
    world.requested("b0", "bob").requested("c0", "cy").requested("b1", "bob")
    order = []
    for _ in range(6):
        ((task, _),) = world.assigned()
        order.append(task)
        world.completed(task)
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_slots_are_shared_evenly_while_runs_last() -> None:
    world = World().beat("w1", slots=4)
    for i in range(10):
        world.requested(f"a{i}", "ann")
    world.requested("b0", "bob").requested("b1", "bob").requested("b2", "bob")
    first = [task[0] for task, _ in world.assigned()]
    assert sorted(first) == ["a", "a", "b", "b"]


def test_who_runs_less_is_served_first() -> None:
    world = World().beat("w1", slots=3)
    for i in range(5):
        world.requested(f"a{i}", "ann")
    world.assigned()
    world.requested("b0", "bob").beat("w2")
    assert world.assigned() == [("b0", "w2")]


def test_a_model_nobody_has_holds_nobody_up() -> None:
    world = World().requested("t1", model=RELIEF).requested("t2").beat("w1", slots=2)
    assert world.assigned() == [("t2", "w1")]


def test_another_version_of_the_engine_is_another_model() -> None:
    assert World().requested("t1", model_version="2").beat("w1").plan() == []


def test_a_loaded_model_is_preferred() -> None:
    world = World().beat("w1", slots=9, engines=BOTH).beat("w2", engines=(Engine(RELIEF, "1", loaded=True),))
    world.requested("t", model=RELIEF)
    assert world.assigned() == [("t", "w2")]


def test_the_emptier_worker_is_preferred_otherwise() -> None:
    world = World().beat("w1", slots=1).beat("w2", slots=3).requested("t")
    assert world.assigned() == [("t", "w2")]


def test_a_retried_task_goes_elsewhere_if_it_can() -> None:
    world = World().beat("w1", slots=5).requested("t")
    assert world.assigned() == [("t", "w1")]
    world.beat("w2").tell("ann", a.TaskRetried(task_id="t", attempt=2, reason="out-of-memory", source_offset=0))
    assert world.assigned() == [("t", "w2")]


def test_a_retried_task_keeps_its_place() -> None:
    world = World().beat("w1").requested("t1").requested("t2").requested("t3")
    world.assigned()
    world.tell("ann", a.TaskRetried(task_id="t1", attempt=2, reason="x", source_offset=0))
    ((task, _),) = world.assigned()
    assert task == "t1"
    assert world.state.runs["t1"].attempt == 2


def test_draining_stopping_and_silent_workers_get_nothing() -> None:
    world = World().requested("t").beat("w1", draining=True).beat("w2", stopping=True)
    assert world.plan() == []
    world.beat("w3").later(6)
    assert world.plan() == []
    assert world.beat("w3").assigned() == [("t", "w3")]


def test_nothing_is_planned_before_everything_was_read() -> None:
    world = World().requested("t").beat("w1")
    observe(world.state, world.now, at_end=False)
    assert Plan.of(world.state, world.now) == []


def test_a_worker_heard_long_ago_does_not_get_the_first_tasks_after_a_start() -> None:
    """Its heartbeat is still in the topic, a day old."""
    world = World().requested("t").beat("dead")
    restarted = SchedulerState()
    later = world.now + timedelta(hours=1)
    for place, key, event, envelope in world.log:
        fold(restarted, place, key, event, envelope, later)
    observe(restarted, later, at_end=True)
    assert Plan.of(restarted, later) == []


def test_a_reported_run_frees_its_slot_before_the_owner_has_decided() -> None:
    world = World().beat("w1").requested("t1").requested("t2")
    world.assigned()
    world.holding("w1", ("t1", 1))
    world.tell("ann", RunSucceeded(task_id="t1", attempt=1, sequence=2, worker_id="w1", outputs=()))
    assert world.assigned() == [("t2", "w1")]


def test_a_worker_that_dropped_a_run_it_had_has_a_free_slot() -> None:
    world = World().beat("w1").requested("t1").requested("t2")
    world.assigned()
    world.holding("w1", ("t1", 1))
    assert world.assigned() == []
    world.holding("w1")
    assert world.assigned() == [("t2", "w1")]


def test_a_heartbeat_from_before_the_assignment_frees_nothing() -> None:
    world = World().beat("w1").requested("t1").requested("t2")
    world.assigned()
    world.beat("w1")
    assert world.assigned() == []


def test_a_refused_assignment_is_planned_anew() -> None:
    world = World().beat("w1").requested("t")
    (action,) = world.plan()
    sent(world.state, action, world.now)
    assert world.plan() == []
    refused(world.state, action)
    assert world.plan() == [action]


def test_a_task_past_its_deadline_is_cancelled_and_not_assigned() -> None:
    world = World().requested("t", deadline=World().now + timedelta(seconds=3)).later(3).beat("w1")
    assert world.carry_out() == [CancelTask(account_id="ann", task_id="t", reason="deadline")]
    assert world.plan() == []
    world.later(6)
    assert world.plan() == [CancelTask(account_id="ann", task_id="t", reason="deadline")]


def test_a_started_task_is_not_cancelled_for_its_deadline() -> None:
    world = World().beat("w1").requested("t", deadline=World().now + timedelta(seconds=3))
    world.assigned()
    world.started("t").holding("w1", ("t", 1)).later(4, beating=True)
    assert world.plan() == []


def test_finished_tasks_leave_nothing_behind() -> None:
    world = World().beat("w1", slots=2)
    empty = msgspec.msgpack.encode(world.state)
    for i in range(50):
        deadline = world.now + timedelta(hours=1)
        world.requested(f"t{i}", f"account{i % 7}", deadline=deadline).assigned()
        if i % 3:
            world.started(f"t{i}").completed(f"t{i}", account=f"account{i % 7}")
        else:
            world.tell(
                f"account{i % 7}",
                a.TaskCancelled(task_id=f"t{i}", attempt=1, reason="client", charged=0, released=1),
            )
        world.carry_out()
    state = world.state
    parts = (state.tasks, state.runs, state.waiting, state.accounts, state.deadlines, state.to_revoke, state.sent)
    assert [part for part in parts if part] == []
    assert not state.early
    assert not state.workers["w1"].runs
    assert len(msgspec.msgpack.encode(state)) < len(empty) + 100


def test_many_accounts_each_get_one_slot_first() -> None:
    world = World()
    for i in range(3000):
        world.requested(f"t{i}", f"account{i % 300}")
    world.beat("w1", slots=16)
    assert [task for task, _ in world.assigned()] == [f"t{i}" for i in range(16)]


@pytest.mark.parametrize("order", [("accounts", "assignments", "runs"), ("runs", "assignments", "accounts")])
def test_a_restart_reads_the_topics_in_any_order(order: tuple[str, ...]) -> None:
    """Live tasks, runs and what remains to be revoked are the same as before; what was assigned is not given again."""
    world = World().beat("w1", slots=3)
    for i in range(6):
        world.requested(f"t{i}", "ann" if i % 2 else "bob")
    world.assigned()
    world.started("t0", account="bob").started("t1").completed("t1").assigned()
    world.tell("ann", a.TaskCancelRequested(task_id="t0", attempt=1))
    world.carry_out()
    world.tell("ann", a.TaskRetried(task_id="t2", attempt=2, reason="x", source_offset=5))
    world.holding("w1", ("t0", 1), ("t3", 1))
    again = SchedulerState()
    for name in order:
        for place, key, event, envelope in world.log:
            if place.topic == f"lathe.{name}":
                fold(again, place, key, event, envelope, world.now)
    observe(again, world.now, at_end=True)
    observe(world.state, world.now, at_end=True)
    assert {t: (x.attempt, x.cancelling_since) for t, x in again.tasks.items()} == {
        t: (x.attempt, x.cancelling_since) for t, x in world.state.tasks.items()
    }
    assert {t: (x.attempt, x.worker_id, x.revoked) for t, x in again.runs.items()} == {
        t: (x.attempt, x.worker_id, x.revoked) for t, x in world.state.runs.items()
    }
    assert again.waiting == world.state.waiting
    assert again.to_revoke == world.state.to_revoke == {}
    assert {k: (v.tasks, v.running) for k, v in again.accounts.items()} == {
        k: (v.tasks, v.running) for k, v in world.state.accounts.items()
    }
    assert {x.task_id for x in Plan.of(again, world.now)} == {x.task_id for x in world.plan()}
