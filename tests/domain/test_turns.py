"""The fair share of many: each turn is the one that a look at every waiting task would find."""

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.runs.events import Engine
from domain.scheduling.commands import AssignRun
from domain.scheduling.plan import MOST
from domain.scheduling.state import SchedulerState, Task
from domain.scheduling.turns import Turns
from tests.domain.given_scheduler import FORM, RELIEF, World

FLOW = "lathe/flow"
MODELS = st.sampled_from((FORM, RELIEF, FLOW))
ACCOUNTS = ("ann", "bob", "cy", "dee", "eve")


@dataclass
class Waits:
    """A task as the plain rule sees it."""

    task_id: str
    task: Task


def whose_turn(state: SchedulerState, waiting: list[Waits], models: set[str], given: dict[str, int]) -> Waits | None:
    """The rule in full, by looking at everything that waits."""

    def within_account(one: Waits) -> tuple[int, int]:
        return -one.task.priority, one.task.order

    def between_accounts(one: Waits) -> tuple[int, int, int]:
        account, extra = state.accounts[one.task.account_id], given.get(one.task.account_id, 0)
        served = state.assignments + extra if extra else account.served
        return account.running + extra, served, one.task.order

    able = [one for one in waiting if one.task.model in models]
    heads = [
        min((one for one in able if one.task.account_id == account), key=within_account)
        for account in {one.task.account_id for one in able}
    ]
    return min(heads, key=between_accounts, default=None)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Tasks that wait, some of them too late, of accounts that were served before or never; workers of all sorts."""
    world = World()
    tasks = st.tuples(st.sampled_from(ACCOUNTS), MODELS, st.integers(0, 2), st.booleans())
    for number, (owner, model, priority, late) in enumerate(draw(st.lists(tasks, min_size=1, max_size=40))):
        deadline = world.now - timedelta(seconds=1) if late else None
        world.requested(f"t{number}", owner, model, priority=priority, deadline=deadline)
    for account in world.state.accounts.values():
        account.running, account.served = draw(st.integers(0, 2)), draw(st.integers(0, 3))
    world.state.assignments = 3
    for number in range(draw(st.integers(1, 4))):
        engines = tuple(Engine(model, "1") for model in draw(st.sets(MODELS, min_size=1)))
        world.beat(f"w{number}", slots=draw(st.integers(1, 6)), engines=engines)
    return world


@given(worlds())
@settings(max_examples=300, deadline=None)
def test_each_turn_is_the_one_that_a_look_at_every_waiting_task_finds(world: World) -> None:
    state = world.state
    waiting = [Waits(task_id, task) for task_id, task in state.tasks.items() if task.deadline is None]
    free = {worker_id: worker.slots for worker_id, worker in state.workers.items()}
    given_away: dict[str, int] = {}
    planned = [action for action in world.plan() if isinstance(action, AssignRun)]
    for action in [*planned, None]:
        models = {
            engine.id for worker_id, slots in free.items() if slots for engine in state.workers[worker_id].engines
        }
        expected = whose_turn(state, waiting, models, given_away)
        assert (None if action is None else action.task_id) == (None if expected is None else expected.task_id)
        if action is not None and expected is not None:
            waiting.remove(expected)
            free[action.worker_id] -= 1
            given_away[action.account_id] = given_away.get(action.account_id, 0) + 1


def many(accounts: int) -> World:
    """As many waiting accounts, with two tasks each."""
    world = World()
    for number in range(2 * accounts):
        world.requested(f"t{number}", f"account{number % accounts}")
    return world


class Counted(dict[str, list[tuple[int, int, str]]]):
    """The queues of one kind, which count how often all of them are looked through."""

    looked = 0

    def items(self):  # type: ignore[no-untyped-def]
        self.looked += 1
        return super().items()


def test_the_accounts_are_looked_through_once_for_all_turns() -> None:
    world = many(100)
    kind = (FORM, "1")
    queues = world.state.waiting[kind] = Counted(world.state.waiting[kind])
    turns = Turns(world.state, world.now)
    assert [turns.next({kind}) for _ in range(201)] == [*(f"t{number}" for number in range(200)), None]
    assert queues.looked == 1


def test_a_plan_gives_away_a_few_hundred_at_most_and_the_next_goes_on() -> None:
    world = many(MOST).beat("w1", slots=2 * MOST)
    assert world.assigned() == [(f"t{number}", "w1") for number in range(MOST)]
    assert world.assigned() == [(f"t{number}", "w1") for number in range(MOST, 2 * MOST)]
    assert world.assigned() == []
