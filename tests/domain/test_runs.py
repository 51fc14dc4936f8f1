"""What becomes of a task by what its runs say, by silence, and by cancellation."""

import math

import pytest

from domain.account import commands as c
from domain.account import events as e
from domain.errors import NotFound, NotInState
from domain.ids import partition_in
from tests.domain.given_account import (
    ACCOUNT,
    CREDIT,
    TASK,
    WORKER,
    account,
    cancel,
    cancelled,
    completed,
    expire,
    failed,
    opened,
    output,
    request,
    requested,
    retried,
    run_cancelled,
    run_failed,
    run_started,
    run_succeeded,
    started,
)
from tests.domain.scenario import PARTITION, Scenario, new_id

CANCEL_REQUESTED = e.TaskCancelRequested(task_id=TASK, attempt=1)


def queued(*more: e.Event) -> Scenario:
    return account(opened(), requested(), *more)


def running(*more: e.Event) -> Scenario:
    return queued(started(), *more)


def cancelling() -> Scenario:
    return running(CANCEL_REQUESTED)


def money(scenario: Scenario) -> tuple[float, float, float]:
    view = scenario.view(ACCOUNT)
    return view["balance"], view["reserved"], scenario.view(TASK)["charged"]


def test_a_run_starts() -> None:
    scenario = queued().when(run_started(source_offset=4))
    scenario.then(e.TaskStarted(task_id=TASK, attempt=1, worker_id=WORKER, source_offset=4))
    assert scenario.view(TASK)["status"] == "running"
    assert scenario.state.runs_position == 5


def test_a_run_succeeds_and_is_charged_in_full() -> None:
    scenario = running().when(run_succeeded(), causation_id=new_id(500))
    assert (scenario.event.charged, scenario.event.released) == (CREDIT, 0)
    assert money(scenario) == (4, 0, 1)
    assert scenario.view(TASK)["status"] == "completed"


def test_results_are_files_of_the_account_named_by_the_task() -> None:
    results = (output("glb"), output("obj"), output("preview"))
    scenario = running().when(run_succeeded(1, 1, *results), causation_id=new_id(500))
    names = []
    for item in scenario.view(TASK)["outputs"]:
        file = scenario.view(item["file_id"])
        assert file["task_id"] == TASK
        assert partition_in(item["file_id"]) == PARTITION
        names.append(file["name"])
    assert names == [f"{TASK}.glb", f"{TASK}.zip", f"{TASK}.png"]


def test_deciding_again_on_a_run_event_gives_the_same_file_ids() -> None:
    ids: list[str] = []
    for _ in range(2):
        scenario = running().when(run_succeeded(), causation_id=new_id(500), event_id=new_id(len(ids)))
        ids.append(scenario.event.outputs[0].file_id)
    assert ids[0] == ids[1]


def test_a_foreign_run_event_with_an_odd_id_is_decided_all_the_same() -> None:
    scenario = running().when(run_succeeded(), causation_id="not a uuid")
    assert partition_in(scenario.event.outputs[0].file_id) == PARTITION


def test_a_result_without_a_start_counts() -> None:
    assert queued().when(run_succeeded()).event.charged == CREDIT


@pytest.mark.parametrize("kind", ["bad-input", "permanent", "something-new"])
def test_failures_that_would_come_again_end_the_task_with_a_refund(kind: str) -> None:
    scenario = running().when(run_failed(kind)).then(failed(kind=kind))
    assert money(scenario) == (5, 0, 0)
    assert scenario.view(TASK)["problem"] == {"code": "validity-gate", "kind": kind}


def test_a_retryable_failure_gets_another_attempt() -> None:
    scenario = running().when(run_failed("retryable"))
    scenario.then(retried(2, source_offset=1, reason="validity-gate"))
    view = scenario.view(TASK)
    assert (view["status"], view["attempt"], view["reserved"]) == ("queued", 2, 1)


def test_three_attempts_are_all() -> None:
    scenario = queued()
    for attempt in (1, 2):
        scenario.when(run_started(attempt, source_offset=10 * attempt))
        scenario.when(run_failed("retryable", attempt, source_offset=10 * attempt + 1))
        assert scenario.event.attempt == attempt + 1
    scenario.when(run_failed("retryable", 3, source_offset=40))
    assert isinstance(scenario.event, e.TaskFailed)
    assert money(scenario) == (5, 0, 0)


@pytest.mark.parametrize(
    "command", [run_started(2), run_succeeded(2), run_failed("permanent", 2), run_cancelled(0.5, 2)]
)
def test_another_attempts_run_is_ignored(command: c.Command) -> None:
    running().when(command).replies()


def test_the_old_attempt_is_ignored_after_its_lease_ended() -> None:
    scenario = running().when(expire()).then(retried(2))
    scenario.when(run_succeeded(1, source_offset=9)).replies()
    scenario.when(run_succeeded(2, source_offset=10))
    assert scenario.event.attempt == 2


@pytest.mark.parametrize("end", [completed(), failed(), cancelled(source_offset=1)])
@pytest.mark.parametrize("late", [run_started(source_offset=9), run_succeeded(1, 9), run_cancelled(1, 1, 9)])
def test_an_ended_task_ignores_its_runs(end: e.Event, late: c.Command) -> None:
    running(end).when(late).replies()


def test_a_run_event_is_decided_on_once() -> None:
    """Read again after a takeover: what lies below the run position was decided on before."""
    scenario = queued().when(run_started(source_offset=4))
    scenario.when(run_succeeded(1, source_offset=4)).replies()
    scenario.when(run_succeeded(1, source_offset=5))
    assert scenario.state.runs_position == 6
    scenario.when(run_succeeded(1, source_offset=5)).replies()
    assert money(scenario) == (4, 0, 1)


def test_a_run_of_an_unknown_task_or_account_is_ignored() -> None:
    account().when(run_succeeded()).replies()
    account(opened()).when(run_succeeded()).replies()


# Cancelling


def test_a_queued_task_is_cancelled_at_once_and_refunded() -> None:
    scenario = queued().when(cancel()).then(cancelled())
    assert money(scenario) == (5, 0, 0)
    scenario.when(run_started(source_offset=3)).replies()


def test_a_retried_task_that_waits_is_cancelled_at_once() -> None:
    running(retried(2)).when(cancel()).then(cancelled(attempt=2))


def test_a_running_task_is_asked_to_stop() -> None:
    scenario = running().when(cancel()).then(CANCEL_REQUESTED)
    assert scenario.view(TASK)["status"] == "cancelling"
    assert money(scenario) == (4, 1, 0)


def test_cancelling_is_repeatable() -> None:
    cancelling().when(cancel()).replies(status="cancelling")
    queued(cancelled()).when(cancel()).replies(status="cancelled")


@pytest.mark.parametrize("end", [completed(), failed()])
def test_what_ended_cannot_be_cancelled(end: e.Event) -> None:
    running(end).when(cancel()).fails(NotInState)


def test_an_unknown_task_cannot_be_cancelled() -> None:
    account(opened()).when(cancel()).fails(NotFound)


@pytest.mark.parametrize(
    ("used", "charged"),
    [
        (0.0, 0),
        (0.25, 250_000),
        (0.29, 290_000),
        (1 / 3, 333_333),
        (1.0, CREDIT),
        (7.0, CREDIT),
        (-1.0, 0),
        (math.nan, 0),
    ],
)
def test_a_cancelled_run_is_charged_for_what_it_used(used: float, charged: int) -> None:
    scenario = cancelling().when(run_cancelled(used))
    scenario.then(cancelled(released=CREDIT - charged, charged=charged, source_offset=1))
    assert money(scenario) == ((5 * CREDIT - charged) / CREDIT, 0, charged / CREDIT)


def test_a_result_that_comes_first_completes_a_cancelling_task_in_full() -> None:
    scenario = cancelling().when(run_succeeded())
    assert (scenario.event.charged, scenario.view(TASK)["status"]) == (CREDIT, "completed")
    scenario.when(run_cancelled(0.5, source_offset=2)).replies()


@pytest.mark.parametrize("kind", ["bad-input", "permanent", "retryable"])
def test_a_cancelling_task_that_fails_is_cancelled_and_refunded(kind: str) -> None:
    cancelling().when(run_failed(kind)).then(cancelled(source_offset=1))


def test_a_cancelling_task_nobody_answers_for_is_cancelled_and_refunded() -> None:
    cancelling().when(expire()).then(cancelled(reason="lease-expired"))


def test_the_reason_of_a_cancellation_is_kept() -> None:
    scenario = running().when(cancel("account-closed")).when(run_cancelled(0.5))
    assert scenario.event.reason == "account-closed"


def test_a_run_that_stops_unasked_is_tried_again() -> None:
    running().when(run_cancelled(0.5)).then(retried(2, source_offset=1, reason="run-cancelled"))
    queued().when(run_cancelled(0.0)).then(retried(2, source_offset=1, reason="run-cancelled"))


# Leases and deadlines


@pytest.mark.parametrize("scenario", [queued(), running()])
def test_an_attempt_whose_lease_ended_is_tried_again(scenario: Scenario) -> None:
    scenario.when(expire()).then(retried(2))


def test_the_last_attempts_lease_ends_the_task_with_a_refund() -> None:
    scenario = running(retried(2), retried(3)).when(expire(3))
    scenario.then(
        e.TaskFailed(
            task_id=TASK, attempt=3, problem=e.Problem(code="lease-expired", kind="retryable"), released=CREDIT
        )
    )
    assert money(scenario) == (5, 0, 0)


def test_a_lease_of_what_ended_or_moved_on_is_refused() -> None:
    running(completed()).when(expire()).fails(NotInState, status="completed")
    running(retried(2)).when(expire(1)).fails(NotInState, attempt=2)
    running().when(expire(2)).fails(NotInState)
    account(opened()).when(expire()).fails(NotFound)


def test_a_deadline_cancels_what_is_queued_once_it_passed() -> None:
    scenario = account(opened())
    scenario.when(request(deadline=scenario.now.replace(year=2031)))
    scenario.when(cancel("deadline")).replies(status="queued")
    scenario.later(366 * 86400).when(cancel("deadline")).then(cancelled(reason="deadline"))


def test_a_deadline_does_not_stop_what_runs() -> None:
    scenario = account(opened())
    scenario.when(request(deadline=scenario.now.replace(year=2031))).when(run_started())
    scenario.later(366 * 86400).when(cancel("deadline")).replies(status="running")


def test_every_task_event_has_the_next_number() -> None:
    scenario = account(opened()).when(request()).when(run_started(source_offset=0))
    scenario.when(run_failed("retryable")).when(run_started(2, 2)).when(cancel()).when(run_cancelled(0.5, 2, 3))
    assert [envelope.task_seq for _, event, envelope in scenario.log[1:]] == [1, 2, 3, 4, 5, 6]
    assert scenario.view(TASK)["task_seq"] == 6
