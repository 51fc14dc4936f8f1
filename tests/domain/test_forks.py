"""Forks: new tasks from the requests of others, whatever became of them; and cancelling what one has seen."""

import pytest

from domain.account import commands as c
from domain.account import events as e
from domain.errors import InvalidInput, NotFound, NotInState, PreconditionFailed
from tests.domain.given_account import (
    ACCOUNT,
    FILE,
    OTHER_TASK,
    TASK,
    account,
    cancel,
    cancelled,
    completed,
    failed,
    opened,
    request,
    requested,
    started,
    stored_file,
)
from tests.domain.scenario import new_id

IMAGE = (("image", FILE),)


@pytest.mark.parametrize("end", [(), (started(),), (completed(file_id=new_id(5)),), (failed(),), (cancelled(),)])
def test_any_task_can_be_forked(end: tuple[e.Event, ...]) -> None:
    scenario = account(opened(), requested(), *end)
    question = c.DescribeRequest(account_id=ACCOUNT, task_id=TASK)
    scenario.when(question).replies(prompt_length=4, seed=42, params={"formats": ["glb"]})
    scenario.when(request(task_id=OTHER_TASK, parent=TASK, params={"formats": ["stl"]}))
    assert (scenario.event.parent, scenario.event.params) == (TASK, {"formats": ["stl"]})
    assert scenario.view(OTHER_TASK)["parent"] == TASK


def test_a_fork_of_nothing_is_refused() -> None:
    account(opened()).when(request(parent=OTHER_TASK)).fails(NotFound)


def test_a_fork_without_its_parents_file_is_refused() -> None:
    scenario = account(opened(), e.FileStored(file=stored_file()))
    scenario.when(request(prompt=None, inputs=IMAGE)).when(cancel())
    scenario.when(request(task_id=OTHER_TASK, prompt=None, inputs=IMAGE, parent=TASK))
    scenario.when(c.CancelTask(account_id=ACCOUNT, task_id=OTHER_TASK))
    scenario.when(c.DeleteFile(account_id=ACCOUNT, file_id=FILE))
    again = request(task_id=new_id(6), prompt=None, inputs=IMAGE, parent=TASK)
    scenario.when(again).fails(NotInState, file_id=FILE)
    never = request(task_id=new_id(6), prompt=None, inputs=(("image", new_id(8)),), parent=TASK)
    scenario.when(never).fails(InvalidInput, pointer="/image_file_id")


def expecting(*seqs: int) -> c.CancelTask:
    return c.CancelTask(account_id=ACCOUNT, task_id=TASK, expected_seqs=seqs)


def test_only_what_the_client_saw_is_cancelled() -> None:
    scenario = account(opened(), requested(), started())
    scenario.when(expecting(1)).fails(PreconditionFailed, task_seq=2, task_status="running")
    scenario.when(expecting()).fails(PreconditionFailed)
    scenario.when(expecting(1, 2)).then(e.TaskCancelRequested(task_id=TASK, attempt=1))
    scenario.when(expecting(2)).fails(PreconditionFailed)
    scenario.when(expecting(3)).replies(status="cancelling")


def test_a_stale_expectation_comes_before_the_state() -> None:
    account(opened(), requested(), completed()).when(expecting(1)).fails(PreconditionFailed)
    account(opened(), requested(), completed()).when(expecting(2)).fails(NotInState)
