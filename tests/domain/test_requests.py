"""Asking for tasks, and asking again for those that failed."""

from datetime import timedelta
from typing import Any

import pytest

from domain.account import commands as c
from domain.account import events as e
from domain.errors import AlreadyExists, InsufficientCredits, InvalidInput, NotFound, NotInState, TooManyQueued
from domain.personal import Sealed
from tests.domain.given_account import (
    ACCOUNT,
    CREDIT,
    FILE,
    OTHER_TASK,
    PROMPT,
    TASK,
    account,
    cancelled,
    completed,
    failed,
    opened,
    request,
    requested,
    started,
    stored_file,
)
from tests.domain.scenario import NOW, Scenario, new_id

INPUT = e.TaskInput(role="image", file_id=FILE, sha256="ab" * 32, media_type="image/png", bytes=1234)


def retry(**fields: Any) -> c.RetryTask:
    given: dict[str, Any] = {
        "price": CREDIT,
        "model_version": "1.1.0",
        "params": {"formats": ["glb"]},
        "prompt": Sealed(enc="v1:YW5ldw"),
    }
    return c.RetryTask(account_id=ACCOUNT, task_id=TASK, new_task_id=OTHER_TASK, **(given | fields))


def test_a_task_is_queued_with_its_price_reserved() -> None:
    scenario = account(opened()).when(request()).then(requested())
    view = scenario.view(TASK)
    assert view["status"] == "queued"
    assert view["queue_position"] == 1
    assert (view["attempt"], view["task_seq"]) == (1, 1)
    assert (view["reserved"], view["charged"]) == (1, 0)
    assert view["params"] == {"formats": ["glb"]}


def test_the_second_in_the_queue_says_so() -> None:
    scenario = account(opened()).when(request()).when(request(task_id=OTHER_TASK))
    assert scenario.view(OTHER_TASK)["queue_position"] == 2
    scenario.when(c.CancelTask(account_id=ACCOUNT, task_id=TASK))
    assert scenario.view(OTHER_TASK)["queue_position"] == 1
    assert scenario.view(TASK)["queue_position"] is None


def test_nothing_to_make_it_from_is_refused() -> None:
    account(opened()).when(request(prompt=None)).fails(InvalidInput, pointer="/prompt")


def test_a_used_id_is_refused() -> None:
    account(opened(), requested()).when(request()).fails(AlreadyExists)


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_deadline_that_passed_is_refused(seconds: int) -> None:
    deadline = NOW + timedelta(seconds=seconds)
    account(opened()).when(request(deadline=deadline)).fails(InvalidInput, pointer="/deadline")


def test_a_deadline_without_a_time_zone_is_refused() -> None:
    deadline = (NOW + timedelta(days=1)).replace(tzinfo=None)
    account(opened()).when(request(deadline=deadline)).fails(InvalidInput, pointer="/deadline")


def test_the_queue_of_an_account_is_limited() -> None:
    scenario = account(opened()).when(request(max_queued=1))
    scenario.when(request(task_id=OTHER_TASK, max_queued=1)).fails(TooManyQueued, queued=1, limit=1)


def test_a_running_task_does_not_count_as_queued() -> None:
    scenario = account(opened(), requested(), started())
    scenario.when(request(task_id=OTHER_TASK, max_queued=1)).then(requested(task_id=OTHER_TASK))


def test_inputs_are_filled_in_from_the_stored_files() -> None:
    scenario = account(opened(), e.FileStored(file=stored_file()))
    scenario.when(request(prompt=None, inputs=(("image", FILE),)))
    assert scenario.event.inputs == (INPUT,)


def test_inputs_may_come_with_the_request_and_stay_as_files() -> None:
    scenario = account(opened()).when(request(inputs=(("image", FILE),), files=(stored_file(),)))
    assert scenario.event.inputs == (INPUT,)
    name = scenario.view(FILE)["name"]
    assert name == {"event_id": scenario.log[-1][2].id, "field": "files.0.name", "enc": "v1:bmFtZQ"}


@pytest.mark.parametrize(("role", "pointer"), [("image", "/image_file_id"), ("front", "/images/front")])
def test_a_missing_input_is_pointed_at(role: str, pointer: str) -> None:
    account(opened()).when(request(inputs=((role, FILE),))).fails(InvalidInput, pointer=pointer)


def test_a_deleted_file_is_missing() -> None:
    scenario = account(opened(), e.FileStored(file=stored_file()), e.FileDeleted(file_id=FILE))
    scenario.when(request(inputs=(("image", FILE),))).fails(InvalidInput, pointer="/image_file_id")


def test_another_accounts_file_is_missing() -> None:
    scenario = account(opened())
    scenario.key = new_id(77)
    scenario.given([opened(), e.FileStored(file=stored_file())])
    scenario.when(request(inputs=(("image", FILE),))).fails(InvalidInput, pointer="/image_file_id")


def test_one_role_is_given_once() -> None:
    scenario = account(opened(), e.FileStored(file=stored_file()))
    scenario.when(request(inputs=(("front", FILE), ("front", FILE)))).fails(InvalidInput, pointer="/images/front")


def test_a_file_that_comes_along_needs_an_id_of_its_own() -> None:
    account(opened()).when(request(files=(stored_file(), stored_file()))).fails(AlreadyExists)
    account(opened(), e.FileStored(file=stored_file())).when(request(files=(stored_file(),))).fails(AlreadyExists)


@pytest.mark.parametrize("end", [failed(), cancelled()])
def test_a_retry_is_a_new_task_with_the_pinned_request(end: e.Event) -> None:
    deadline = NOW + timedelta(hours=1)
    parent = requested(inputs=(INPUT,), priority=3, deadline=deadline)
    scenario = account(opened(), e.FileStored(file=stored_file()), parent, end).when(retry())
    scenario.then(
        requested(
            task_id=OTHER_TASK,
            parent=TASK,
            model_version="1.1.0",
            prompt=Sealed(enc="v1:YW5ldw"),
            inputs=(INPUT,),
            priority=3,
            deadline=deadline,
        )
    )
    assert scenario.view(OTHER_TASK)["parent"] == TASK


def test_a_retry_may_have_another_seed_and_leaves_a_passed_deadline_out() -> None:
    parent = requested(deadline=NOW + timedelta(seconds=5))
    scenario = account(opened(), parent, failed()).later(10).when(retry(seed=7))
    assert (scenario.event.seed, scenario.event.deadline) == (7, None)


@pytest.mark.parametrize("history", [[], [started()], [started(), completed()]])
def test_only_failed_and_cancelled_tasks_are_retried(history: list[e.Event]) -> None:
    account(opened(), requested(), *history).when(retry()).fails(NotInState)


def test_a_retry_is_paid_for() -> None:
    account(opened(CREDIT), requested(), failed()).when(retry(price=2 * CREDIT)).fails(InsufficientCredits)


def test_a_retry_of_nothing_is_refused() -> None:
    account(opened()).when(retry()).fails(NotFound)


def test_a_retry_has_its_parents_prompt() -> None:
    account(opened(), requested(), failed()).when(retry(prompt=None)).fails(InvalidInput, pointer="/prompt")
    imaged = account(opened(), e.FileStored(file=stored_file()), requested(prompt=None, inputs=(INPUT,)), failed())
    imaged.when(retry()).fails(InvalidInput, pointer="/prompt")
    imaged.when(retry(prompt=None))
    assert imaged.event.inputs == (INPUT,)


def test_a_retry_whose_input_was_deleted_is_refused() -> None:
    scenario = account(opened(), e.FileStored(file=stored_file()), requested(inputs=(INPUT,)), failed())
    scenario.when(c.DeleteFile(account_id=ACCOUNT, file_id=FILE)).when(retry()).fails(NotInState, file_id=FILE)


def order(scenario: Scenario, attempt: int = 1) -> Scenario:
    return scenario.when(c.DescribeRun(account_id=ACCOUNT, task_id=TASK, attempt=attempt))


def test_a_worker_gets_the_whole_order_sealed() -> None:
    scenario = account(opened(), e.FileStored(file=stored_file()), requested(inputs=(INPUT,)))
    order(scenario).replies(
        task_id=TASK,
        account_id=ACCOUNT,
        attempt=1,
        model="lathe/form",
        model_version="1.0.0",
        params={"formats": ["glb"]},
        seed=42,
        deadline=None,
        prompt={"event_id": scenario.log[-1][2].id, "field": "prompt", "enc": PROMPT.enc},
        inputs=[{"role": "image", "file_id": FILE, "sha256": "ab" * 32, "media_type": "image/png", "bytes": 1234}],
    )


def test_an_order_is_given_for_the_present_attempt_until_it_has_ended() -> None:
    order(account(opened(), requested(), started())).replies(status="running")
    order(account(opened(), requested()), attempt=2).fails(NotInState, attempt=1)
    order(account(opened(), requested(), cancelled())).fails(NotInState, status="cancelled")
    cancelling = e.TaskCancelRequested(task_id=TASK, attempt=1)
    order(account(opened(), requested(), started(), cancelling)).replies(status="cancelling")
    order(account(opened())).fails(NotFound)


def test_the_request_of_a_failed_task_can_be_read_for_a_retry() -> None:
    scenario = account(opened(), requested(), failed())
    scenario.when(c.DescribeRequest(account_id=ACCOUNT, task_id=TASK)).replies(status="failed", seed=42)
