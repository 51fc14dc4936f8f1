"""Runs that do not come to an end: silence, loss, cancellation, and runs nobody wants."""

from datetime import timedelta

import pytest

from domain.account import events as a
from domain.account.commands import ExpireAttempt
from domain.runs.events import RunSucceeded
from domain.scheduling.commands import AssignRun, RevokeRun
from domain.scheduling.fold import observe
from domain.scheduling.plan import Action
from tests.domain.given_scheduler import World

EXPIRE: list[Action] = [ExpireAttempt(account_id="ann", task_id="t", attempt=1)]


def revoke(reason: str, attempt: int = 1) -> list[Action]:
    return [RevokeRun(task_id="t", attempt=attempt, worker_id="w1", reason=reason)]


def running() -> World:
    """Task `t` of `ann` runs at `w1`."""
    world = World().beat("w1").requested("t")
    world.assigned()
    return world.started("t").holding("w1", ("t", 1))


def test_a_lease_lasts_ten_seconds_after_the_last_heartbeat() -> None:
    world = running().later(10)
    assert world.plan() == []
    assert world.later(1).plan() == EXPIRE


def test_a_beating_worker_keeps_its_run() -> None:
    assert running().later(600, beating=True).plan() == []


def test_the_next_attempt_goes_to_another_worker_and_the_old_run_is_revoked() -> None:
    world = running().later(11)
    world.carry_out()
    world.tell("ann", a.TaskRetried(task_id="t", attempt=2, reason="lease-expired")).beat("w2")
    planned = world.carry_out()
    assert planned[:1] == revoke("lease-expired")
    assert [x.worker_id for x in planned[1:] if isinstance(x, AssignRun)] == ["w2"]


def test_an_expiry_is_sent_once_and_again_when_nothing_comes_of_it() -> None:
    world = running().later(11)
    assert world.carry_out() == EXPIRE
    assert world.plan() == []
    assert world.later(6).plan() == EXPIRE


def test_silence_proves_nothing_while_heartbeats_are_not_read_to_the_end() -> None:
    world = running().later(11)
    observe(world.state, world.now, at_end=False)
    assert world.plan() == []


@pytest.mark.parametrize("pause", [2.5, 60.0])
def test_after_a_pause_everyone_gets_a_full_lease(pause: float) -> None:
    world = running().later(9)
    world.now += timedelta(seconds=pause)
    observe(world.state, world.now, at_end=True)
    assert world.plan() == []
    assert world.later(10).plan() == []
    assert world.later(1).plan() == EXPIRE


def test_a_worker_that_stops_cleanly_gives_its_runs_back_at_once() -> None:
    assert running().beat("w1", stopping=True).plan() == EXPIRE


def test_a_draining_worker_finishes_what_it_has() -> None:
    assert running().beat("w1", draining=True).later(60, beating=True).plan() == []


def test_a_run_that_never_started_is_given_up_after_a_lease() -> None:
    world = World().beat("w1").requested("t")
    world.assigned()
    assert world.later(10, beating=True).plan() == []
    assert world.later(1, beating=True).plan() == EXPIRE


def test_a_run_the_worker_cannot_have_seen_is_given_up_at_once() -> None:
    """It follows the assignments from a later offset."""
    world = World().beat("w1").requested("t")
    world.assigned()
    assert world.beat("w1", assignments_offset=5).plan() == EXPIRE


def test_a_run_that_vanished_without_a_word_is_given_up_after_a_lease() -> None:
    world = running().holding("w1")
    assert world.later(10, beating=True).plan() == []
    assert world.later(1, beating=True).plan() == EXPIRE


def test_a_run_that_reported_its_end_is_never_given_up() -> None:
    """Its result stands in lathe.runs; the account's owner may take its time."""
    world = running().tell("ann", RunSucceeded(task_id="t", attempt=1, sequence=2, worker_id="w1", outputs=()))
    assert world.holding("w1").later(60).plan() == []


def test_an_unknown_worker_has_a_lease_too() -> None:
    """Its heartbeats are older than the topic keeps."""
    world = running()
    del world.state.workers["w1"]
    world.beats.clear()
    assert world.later(10).plan() == []
    assert world.later(1).plan() == EXPIRE


def test_a_cancelling_run_is_revoked_and_nobody_waits_for_it_longer_than_a_lease() -> None:
    world = running().tell("ann", a.TaskCancelRequested(task_id="t", attempt=1))
    assert world.carry_out() == revoke("cancelled")
    assert world.later(10, beating=True).plan() == []
    assert world.later(1, beating=True).plan() == EXPIRE


def test_a_task_cancelled_before_it_started_is_revoked_from_its_worker() -> None:
    world = World().beat("w1").requested("t")
    world.assigned()
    world.tell("ann", a.TaskCancelled(task_id="t", attempt=1, reason="client", charged=0, released=1))
    assert world.carry_out() == revoke("cancelled")
    assert world.plan() == []


def test_a_run_that_ended_by_itself_is_not_revoked() -> None:
    world = running()
    world.tell("ann", a.TaskRetried(task_id="t", attempt=2, reason="x", source_offset=7))
    assert not any(isinstance(action, RevokeRun) for action in world.plan())
    assert running().completed("t").plan() == []


def test_a_worker_that_names_a_run_long_over_is_told() -> None:
    world = running().completed("t").later(3, beating=True)
    assert world.plan() == []
    assert world.later(2, beating=True).carry_out() == revoke("ended")
    assert world.later(2, beating=True).plan() == []
    assert world.holding("w1").later(20, beating=True).plan() == []


def test_a_run_of_an_old_attempt_takes_its_slot_until_it_is_gone() -> None:
    world = running().requested("u", "bob").tell("ann", a.TaskRetried(task_id="t", attempt=2, reason="lease-expired"))
    assert [type(action) for action in world.carry_out()] == [RevokeRun]
    world.holding("w1")
    assert world.assigned() == [("u", "w1")]


def test_dead_workers_are_forgotten() -> None:
    world = World().beat("w1").later(61)
    assert world.state.workers == {}
