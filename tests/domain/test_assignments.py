"""An attempt is given once, whatever the scheduler is unsure of."""

from domain.scheduling import commands as c
from domain.scheduling import events as e
from domain.scheduling.decider import SchedulingDecider
from tests.domain.scenario import Scenario


def assign(attempt: int = 1, worker_id: str = "w1", task_id: str = "t") -> c.AssignRun:
    return c.AssignRun(
        task_id=task_id,
        attempt=attempt,
        account_id="ann",
        worker_id=worker_id,
        model="m",
        topic="lathe.accounts",
        partition=3,
        offset=9,
    )


def revoke(attempt: int = 1, worker_id: str = "w1") -> c.RevokeRun:
    return c.RevokeRun(task_id="t", attempt=attempt, worker_id=worker_id, reason="cancelled")


def assignments() -> Scenario:
    return Scenario(SchedulingDecider(), "w1")


def test_an_attempt_is_given_to_one_worker() -> None:
    scenario = assignments().when(assign())
    scenario.then(
        e.RunAssigned(
            task_id="t",
            attempt=1,
            account_id="ann",
            worker_id="w1",
            model="m",
            topic="lathe.accounts",
            partition=3,
            offset=9,
        )
    )
    scenario.when(assign(worker_id="w2")).replies(worker_id="w1", attempt=1, revoked=False)


def test_the_next_attempt_is_given_anew() -> None:
    scenario = assignments().when(assign()).when(assign(2, "w2"))
    assert scenario.event.worker_id == "w2"
    scenario.when(assign(1, "w3")).replies(worker_id="w2", attempt=2)


def test_a_run_is_revoked_once() -> None:
    scenario = assignments().when(assign()).when(revoke())
    scenario.then(e.RunRevoked(task_id="t", attempt=1, worker_id="w1", reason="cancelled"))
    scenario.when(revoke()).replies(revoked=True)


def test_nothing_older_than_a_quarter_of_an_hour_stays() -> None:
    scenario = assignments()
    for i in range(10):
        scenario.when(assign(task_id=f"t{i}")).later(300)
    assert len(scenario.state.latest) == 4
    scenario.when(revoke())
    assert isinstance(scenario.event, e.RunRevoked)
