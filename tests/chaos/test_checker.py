"""The checker must see what it is there to see: one bad history for each kind of anomaly."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from domain.money import MICRO
from tests.chaos.checker import check
from tests.chaos.history import Attempt, Command, Ending, History, Read, Task
from tests.chaos.truth import Step, Truth

PRICE = MICRO


def step(offset: int, request: str, balance: int, event: str = "CreditsAdjusted", **more: Any) -> Step:
    known: dict[str, Any] = {"partition": 0, "key": f"key of {request}", "actor": "admin", "account": "a"}
    known |= {"task_id": None, "reserved": 0, "charged": 0}
    return Step(offset=offset, request_id=request, event=event, balance=balance, **(known | more))


def command(request: str, at: float, **more: Any) -> Command:
    known: dict[str, Any] = {"kind": "adjust", "account": "a", "key": request, "amount": -10, "result": "applied"}
    attempt = Attempt(request_id=request, invoked=at, answered=at + 1, status=200)
    return Command(**(known | {"attempts": [attempt], "reserved": 0} | more))


def true() -> tuple[History, Truth]:
    """An account of 100; 10 and 20 are taken; 200 are refused; a task runs; all is read."""
    steps = [
        step(1, "opening", 100, "AccountOpened"),
        step(2, "first", 90),
        step(3, "second", 70),
        step(4, "making", 70 - PRICE, "TaskRequested", task_id="t", reserved=PRICE),
        step(5, "run", 70 - PRICE, "TaskCompleted", task_id="t", charged=PRICE),
    ]
    history = History(
        commands=[
            command("first", 0, offset=2, balance=90),
            command("second", 2, amount=-20, offset=3, balance=70),
            command("again", 4, amount=-20, offset=3, balance=70, repeats_of="second"),
            command("greedy", 6, amount=-200, result="refused", code="insufficient-credits"),
            command("making", 8, kind="generate", amount=0, task_id="t", offset=4),
        ],
        reads=[read(90, 1.5, at_least=2), read(70, 3.5), read(70 - PRICE, 9.5, reserved=PRICE)],
        tasks=[task()],
        finals=[Ending(account="a", available=70 - PRICE, reserved=0, tasks=1)],
    )
    return history, Truth(steps=steps)


def read(available: int, at: float, reserved: int = 0, at_least: int | None = None) -> Read:
    return Read(
        reader="r",
        account="a",
        invoked=at,
        answered=at + 0.1,
        available=available,
        reserved=reserved,
        at_least=at_least,
    )


def task(**more: Any) -> Task:
    known: dict[str, Any] = {"task_id": "t", "status": "completed", "charged": PRICE, "price": PRICE}
    return Task(**(known | {"wanted_cancelled": False, "has_result": True} | more))


def test_a_true_history_has_no_anomaly() -> None:
    assert check(*true()) == []


Change = Callable[[History, Truth], None]


def change(part: str, index: int, **fields: Any) -> Change:
    """Tell one thing of the history otherwise."""

    def apply(history: History, truth: Truth) -> None:
        parts = getattr(truth if part == "steps" else history, part)
        parts[index] = msgspec.structs.replace(parts[index], **fields)

    return apply


def drop(index: int) -> Change:
    return lambda history, truth: truth.steps.__delitem__(index)


def add(new: Step) -> Change:
    return lambda history, truth: truth.steps.append(new)


def swapped(history: History, truth: Truth) -> None:
    """The second stands before the first in the log, though it was asked after that was answered."""
    truth.steps[1:3] = [step(2, "second", 80), step(3, "first", 70)]


BAD: dict[str, list[Change]] = {
    "lost": [drop(2)],
    "doubled": [add(step(6, "second", 50 - PRICE, key="another"))],
    "refused but applied": [add(step(6, "greedy", -130))],
    "out of nothing": [add(step(6, "nobody", 60))],
    "ambiguous": [change("commands", 1, result="open")],
    "key used twice": [change("steps", 2, key="key of first")],
    "against real time": [swapped],
    "wrong reply": [change("commands", 1, balance=60)],
    "refused without reason": [change("commands", 3, amount=-20)],
    "went back": [change("reads", 1, available=100)],
    "read of nothing": [change("reads", 1, available=55)],
    "no final state": [change("tasks", 0, status="running")],
    "result missing": [change("tasks", 0, has_result=False)],
    "wrong charge": [change("tasks", 0, charged=2 * PRICE)],
    "wrong end": [change("tasks", 0, status="cancelled", charged=0)],
    "wrong balance": [change("finals", 0, available=1)],
    "wrong list": [change("finals", 0, tasks=2)],
    "unreadable": [lambda history, truth: truth.unreadable.append("lathe.accounts:0@9")],
}


@pytest.mark.parametrize("kind", BAD)
def test_an_anomaly_is_found(kind: str) -> None:
    history, truth = true()
    for apply in BAD[kind]:
        apply(history, truth)
    assert kind in {anomaly.kind for anomaly in check(history, truth)}


def test_a_task_that_ends_twice_is_found() -> None:
    history, truth = true()
    truth.steps.append(step(6, "run", 70 - PRICE, "TaskFailed", task_id="t"))
    assert "no final state" in {anomaly.kind for anomaly in check(history, truth)}


def failed(charged: int = 0) -> tuple[History, Truth]:
    """The same task, in the log without a retry."""
    history, truth = true()
    truth.steps[4] = step(9, "run", 70 - charged, "TaskFailed", task_id="t", charged=charged)
    history.tasks[0] = task(status="failed", charged=charged, has_result=False, problem="{'code': 'lease-expired'}")
    history.finals[0].available = 70 - charged
    return history, truth


def retried(truth: Truth, times: int) -> None:
    for offset in range(5, 5 + times):
        truth.steps.insert(-1, step(offset, "run", 70 - PRICE, "TaskRetried", key=None, task_id="t", reserved=PRICE))


def test_a_task_may_fail_whose_attempts_were_all_hurt() -> None:
    history, truth = failed()
    retried(truth, 2)
    assert check(history, truth) == []


def test_a_failure_before_the_last_attempt_is_found() -> None:
    history, truth = failed()
    retried(truth, 1)
    assert "wrong end" in {anomaly.kind for anomaly in check(history, truth)}


def test_a_failure_for_another_reason_is_found() -> None:
    history, truth = failed()
    retried(truth, 2)
    history.tasks[0].problem = "{'code': 'engine-error'}"
    assert "wrong end" in {anomaly.kind for anomaly in check(history, truth)}


def test_a_failure_that_costs_something_is_found() -> None:
    history, truth = failed(charged=PRICE)
    retried(truth, 2)
    assert "wrong charge" in {anomaly.kind for anomaly in check(history, truth)}


def test_a_read_that_is_behind_what_it_asked_for_is_found() -> None:
    history, truth = true()
    history.reads[0].at_least = 3
    assert "went back" in {anomaly.kind for anomaly in check(history, truth)}


def test_an_event_of_a_repeat_is_found() -> None:
    history, truth = true()
    truth.steps.append(step(6, "again", 50 - PRICE))
    assert "doubled" in {anomaly.kind for anomaly in check(history, truth)}
