"""Positions and estimates for those who wait."""

from hypothesis import given
from hypothesis import strategies as st

from domain.account import events as a
from domain.runs.events import Engine, QueuedTask
from domain.scheduling.queue import REST_AFTER, look_ahead, queue_view, without_worker
from tests.domain.given_scheduler import FORM, RELIEF, World


def positions(world: World) -> dict[str, int]:
    view = queue_view(world.state, world.now)
    return {task.task_id: task.position for queue in view.accounts.values() for task in queue.tasks}


def etas(world: World) -> dict[str, float | None]:
    view = queue_view(world.state, world.now)
    return {task.task_id: task.eta_s for queue in view.accounts.values() for task in queue.tasks}


def test_positions_are_the_turns_in_which_tasks_are_served() -> None:
    world = World()
    for i in range(3):
        world.requested(f"a{i}", "ann")
    world.requested("b0", "bob").requested("b1", "bob", priority=1)
    assert positions(world) == {"a0": 1, "b1": 2, "a1": 3, "b0": 4, "a2": 5}
    world.beat("w1")
    served = []
    for _ in range(5):
        ((task, _),) = world.assigned()
        served.append(task)
        world.completed(task, account="ann" if task[0] == "a" else "bob")
    assert served == ["a0", "b1", "a1", "b0", "a2"]


def test_each_account_hears_of_its_own_tasks_and_of_the_whole_length() -> None:
    world = World().requested("a0", "ann").requested("b0", "bob").beat("w1")
    world.state.seconds[FORM] = 2.0
    view = queue_view(world.state, world.now)
    assert view.total == 2
    assert view.accounts["bob"].tasks == (QueuedTask("b0", 2, 4.0),)
    assert view.accounts["bob"].total == 2


def test_the_estimate_counts_slots_and_what_runs() -> None:
    world = World().beat("w1", slots=2).requested("r0")
    world.state.seconds[FORM] = 10.0
    world.assigned()
    world.started("r0").later(4)
    for i in range(3):
        world.requested(f"t{i}")
    assert etas(world) == {"t0": 10.0, "t1": 16.0, "t2": 20.0}


def test_the_usual_time_is_learnt_from_runs() -> None:
    world = World().beat("w1").requested("t")
    world.assigned()
    world.started("t").later(3).completed("t")
    assert world.state.seconds == {FORM: 3.0}


def test_without_a_worker_there_is_no_estimate_and_the_model_is_named() -> None:
    world = World().requested("t1", model=RELIEF).requested("t2").beat("w1")
    view = queue_view(world.state, world.now)
    assert view.no_worker_for == (RELIEF,)
    assert without_worker(world.state, world.now) == {(RELIEF, "1")}
    assert etas(world)["t1"] is None
    world.beat("w2", engines=(Engine(RELIEF, "1"),))
    assert queue_view(world.state, world.now).no_worker_for == ()
    world.later(11)
    assert without_worker(world.state, world.now) == {(FORM, "1"), (RELIEF, "1")}


def test_who_left_the_queue_is_not_in_it() -> None:
    world = World().requested("t1").requested("t2").requested("t3").beat("w1")
    world.assigned()
    world.tell("ann", a.TaskCancelled(task_id="t2", attempt=1, reason="client", charged=0, released=1))
    assert positions(world) == {"t3": 1}
    world.tell("ann", a.TaskCancelled(task_id="t3", attempt=1, reason="client", charged=0, released=1))
    view = queue_view(world.state, world.now)
    assert (view.accounts, view.total) == ({}, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-2, 2), st.booleans()), max_size=40),
    st.integers(1, 5),
    st.integers(0, 6),
)
def test_looking_at_the_first_of_each_account_shows_their_true_places(
    asked: list[tuple[str, int, bool]], most: int, running: int
) -> None:
    world = World().beat("w1", slots=3, engines=(Engine(FORM, "1"), Engine(RELIEF, "1")))
    for n in range(running):
        world.requested(f"r{n}", "a")
    world.assigned()
    for n, (account, priority, relief) in enumerate(asked):
        world.requested(f"t{n}", account, priority=priority, model=RELIEF if relief else FORM)
    whole, first = queue_view(world.state, world.now), queue_view(world.state, world.now, most)
    assert first.total == whole.total
    assert {name: queue.tasks for name, queue in first.accounts.items()} == {
        name: queue.tasks[:most] for name, queue in whole.accounts.items()
    }


def test_a_long_queue_is_looked_at_with_rests() -> None:
    world = World().beat("w1")
    for n in range(2 * REST_AFTER + 1):
        world.requested(f"t{n}")
    assert len(list(look_ahead(world.state, world.now))) == 2
    assert len(list(look_ahead(world.state, world.now, most=10))) == 0
