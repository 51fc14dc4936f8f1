"""Short runs are given ahead of free slots; long ones are not."""

from domain.account import events as a
from domain.scheduling.plan import AHEAD_S, MOST_AHEAD
from tests.domain.given_scheduler import FORM, World


def waiting(tasks: int, *, seconds: float | None, slots: int = 1) -> World:
    world = World().beat("w1", slots=slots)
    if seconds is not None:
        world.state.seconds[FORM] = seconds
    for number in range(tasks):
        world.requested(f"t{number:03}")
    return world


def test_a_worker_gets_a_quarter_of_a_second_of_work_for_each_slot() -> None:
    assert len(waiting(100, seconds=0.0625).assigned()) == AHEAD_S / 0.0625
    assert len(waiting(100, seconds=0.0625, slots=2).assigned()) == 2 * AHEAD_S / 0.0625


def test_never_more_than_the_most_however_short() -> None:
    assert len(waiting(200, seconds=0.0).assigned()) == 1 + MOST_AHEAD


def test_long_runs_and_unknown_ones_wait_for_a_free_slot() -> None:
    assert len(waiting(9, seconds=2.0).assigned()) == 1
    assert len(waiting(9, seconds=None).assigned()) == 1


def test_what_waits_in_a_worker_counts() -> None:
    world = waiting(100, seconds=0.1)
    assert len(world.assigned()) == 3
    assert world.assigned() == []
    world.started("t000")
    world.now = world.now.replace(microsecond=100_000)
    world.completed("t000")
    assert [task for task, _ in world.assigned()] == ["t003"]


def test_a_free_slot_elsewhere_comes_first() -> None:
    world = waiting(1, seconds=0.05)
    assert world.assigned() == [("t000", "w1")]
    world.beat("w2").requested("t1").requested("t2")
    assert next(worker for _, worker in world.assigned()) == "w2"


def test_what_a_dead_worker_had_ahead_is_given_to_another() -> None:
    world = waiting(3, seconds=0.05)
    assert len(world.assigned()) == 3
    world.beat("w2").later(9).beat("w2").later(2)
    expired = {action.task_id for action in world.carry_out() if type(action).__name__ == "ExpireAttempt"}
    assert expired == {"t000", "t001", "t002"}
    for task_id in sorted(expired):
        world.tell("ann", a.TaskRetried(task_id=task_id, attempt=2, reason="lease-expired"))
    world.beat("w2")
    assert {worker for _, worker in world.assigned()} == {"w2"}
