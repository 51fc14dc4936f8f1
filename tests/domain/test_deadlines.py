"""Deadlines that pass before a task started, one or very many at once."""

from datetime import timedelta

import pytest

from domain.account import events as a
from domain.account.commands import CancelTask, ExpireAttempt
from domain.scheduling.fold import observe
from domain.scheduling.leases import REST_AFTER, pass_deadlines
from domain.scheduling.plan import MOST, Plan, sent
from tests.domain.given_scheduler import World


class Counted(dict[str, None]):
    """Tasks that are overdue, which count how many of them are looked at."""

    looked = 0

    def __iter__(self):  # type: ignore[no-untyped-def]
        for task_id in super().__iter__():
            self.looked += 1
            yield task_id


def late(tasks: int, *, also: int = 0) -> World:
    """So many tasks whose deadline has passed, and behind each of them in the queue one without."""
    world = World()
    deadline = world.now + timedelta(seconds=1)
    for number in range(tasks):
        world.requested(f"late{number:03}", f"account{number % 7}", deadline=deadline)
    for number in range(also):
        world.requested(f"t{number}", f"account{number % 7}")
    return world.later(1)


def cancel(task_id: str, account: str = "ann") -> CancelTask:
    return CancelTask(account_id=account, task_id=task_id, reason="deadline")


def test_nothing_is_looked_at_before_its_time() -> None:
    world = late(10)
    world.now -= timedelta(seconds=0.5)
    assert list(pass_deadlines(world.state, world.now)) == []
    assert len(world.state.looks) == 10
    assert world.plan() == []


def test_of_very_many_a_few_hundred_are_told_of_and_no_more_are_looked_at() -> None:
    world = late(2 * MOST + 1)
    world.plan()
    world.state.overdue = told = Counted(world.state.overdue)
    assert world.plan() == [cancel(f"late{n:03}", f"account{n % 7}") for n in range(MOST)]
    assert told.looked <= 2 * MOST  # msgpack looks twice at everything, beside the plan


def test_those_that_were_told_of_make_room_for_the_next() -> None:
    world = late(2 * MOST + 1)
    told = [action for _ in range(4) for action in world.carry_out()]
    assert [x.task_id for x in told if isinstance(x, CancelTask)] == [f"late{n:03}" for n in range(2 * MOST + 1)]
    assert world.later(4).plan() == []
    assert len(world.later(1).plan()) == MOST


def test_only_as_many_as_there_is_room_for() -> None:
    world = late(5)
    world.plan()
    assert Plan.of(world.state, world.now, 2) == [cancel("late000", "account0"), cancel("late001", "account1")]
    assert Plan.of(world.state, world.now, 0) == []


def test_passing_many_rests_in_between() -> None:
    world = late(3 * REST_AFTER)
    assert len(list(pass_deadlines(world.state, world.now))) == 3
    assert len(world.state.overdue) == 3 * REST_AFTER
    assert not world.state.waiting


def test_tasks_past_their_deadline_hold_up_nobody_behind_them() -> None:
    world = late(2 * MOST, also=3).beat("w1", slots=3)
    assert world.assigned() == [("t0", "w1"), ("t1", "w1"), ("t2", "w1")]


def test_a_task_that_started_or_is_being_cancelled_is_not_looked_at() -> None:
    world = World().beat("w1", slots=2)
    for task_id in ("t", "u"):
        world.requested(task_id, deadline=world.now + timedelta(seconds=1))
    world.assigned()
    world.started("t").tell("ann", a.TaskCancelRequested(task_id="u", attempt=1))
    assert (world.state.deadlines, world.state.looks) == ({}, [])


@pytest.mark.parametrize("seconds", [0, 3])
def test_a_retried_task_has_its_deadline_again(seconds: float) -> None:
    """Whether it has passed already or not."""
    world = World().beat("w1").requested("t", deadline=World().now + timedelta(seconds=2))
    world.assigned()
    world.started("t").later(seconds)
    world.tell("ann", a.TaskRetried(task_id="t", attempt=2, reason="x", source_offset=0))
    assert world.later(2).carry_out() == [cancel("t")]


def test_what_is_looked_at_no_more_is_not_kept_for_ever() -> None:
    world = World()
    world.requested("stays", deadline=world.now + timedelta(hours=1))
    for number in range(100):
        world.requested(f"t{number}", deadline=world.now + timedelta(hours=1))
        world.tell("ann", a.TaskCancelled(task_id=f"t{number}", attempt=1, reason="client", charged=0, released=1))
    assert len(world.state.looks) <= 2


def test_an_owner_that_is_away_holds_up_no_other() -> None:
    """Whose attempts were told of and are not over yet come after those nobody told of."""
    world = World().beat("w1", slots=4)
    for number in range(4):
        world.requested(f"t{number}")
    world.assigned()
    world.later(11)
    first = Plan.of(world.state, world.now, 2)
    for action in first:
        sent(world.state, action, world.now)
    world.now += timedelta(seconds=6)
    world.state.observed_at = world.now
    observe(world.state, world.now, at_end=True)
    again = Plan.of(world.state, world.now, 2)
    assert [x.task_id for x in [*first, *again] if isinstance(x, ExpireAttempt)] == ["t0", "t1", "t2", "t3"]
