"""Files of an account."""

from domain.account import commands as c
from domain.account import events as e
from domain.errors import AccountIsClosed, AlreadyExists, NotFound, NotInState
from tests.domain.given_account import (
    ACCOUNT,
    FILE,
    TASK,
    account,
    cancel,
    completed,
    opened,
    request,
    requested,
    started,
    stored_file,
)

STORE = c.StoreFile(account_id=ACCOUNT, file=stored_file())
DELETE = c.DeleteFile(account_id=ACCOUNT, file_id=FILE)


def test_a_file_is_stored_with_its_name_sealed() -> None:
    scenario = account(opened()).when(STORE).then(e.FileStored(file=stored_file()))
    view = scenario.view(FILE)
    assert view["name"] == {"event_id": scenario.log[-1][2].id, "field": "file_name", "enc": "v1:bmFtZQ"}
    assert (view["bytes"], view["sha256"], view["task_id"]) == (1234, "ab" * 32, None)


def test_storing_the_same_bytes_again_changes_nothing() -> None:
    account(opened()).when(STORE).when(STORE).replies(file_id=FILE)


def test_an_id_belongs_to_one_file() -> None:
    other = c.StoreFile(account_id=ACCOUNT, file=stored_file(sha256="ef" * 32))
    account(opened()).when(STORE).when(other).fails(AlreadyExists)
    account(opened(), requested()).when(c.StoreFile(account_id=ACCOUNT, file=stored_file(TASK))).fails(AlreadyExists)


def test_a_file_is_deleted_once() -> None:
    scenario = account(opened()).when(STORE).when(DELETE).then(e.FileDeleted(file_id=FILE))
    assert scenario.view(FILE) == {"file_id": FILE, "deleted": True}
    scenario.when(DELETE).fails(NotFound)


def test_an_input_is_kept_while_its_task_lives() -> None:
    scenario = account(opened()).when(STORE).when(request(inputs=(("image", FILE),)))
    scenario.when(DELETE).fails(NotInState, task_id=TASK)
    scenario.when(cancel()).when(DELETE).then(e.FileDeleted(file_id=FILE))


def test_a_result_can_be_deleted_and_its_task_says_so() -> None:
    scenario = account(opened(), requested(), started(), completed()).when(DELETE)
    assert scenario.view(TASK)["outputs"] == [{"format": "glb", "file_id": FILE, "deleted": True}]


def test_a_closed_account_takes_no_files() -> None:
    account(opened(), e.AccountClosed()).when(STORE).fails(AccountIsClosed)
    account(opened(), e.FileStored(file=stored_file()), e.AccountClosed()).when(DELETE).fails(AccountIsClosed)
