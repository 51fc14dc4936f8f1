"""What a client may still do with a task of which its owner keeps a row; and what snapshots tell of people: nothing."""

from typing import Any

import pytest

from adapters.kafka.position import Position
from adapters.kafka.snapshot import take
from adapters.kafka.topics import ACCOUNTS
from domain.account.commands import DeleteFile
from domain.account.decider import AccountDecider
from domain.account.events import FileDeleted, TaskRequested
from domain.errors import NotFound
from tests.command_api.test_forks import PARENT, completed, forked
from tests.command_api.test_generate import broke, finished
from tests.command_api.world import User, World, refused

PROMPT = "a red chair"


def keep_hardly_anything(here: World, user: User) -> Any:
    """The owner of the user's account puts away all but the latest task; returns its state."""
    fold = here.parts.host.owners[user.stream].fold
    assert isinstance(fold.decider, AccountDecider)
    fold.decider.tasks = fold.decider.files = 1
    return fold.state


async def test_an_old_task_is_as_good_as_a_new_one(here: World) -> None:
    ann = await here.user()
    state = keep_hardly_anything(here, ann)
    asked = {**PARENT, "prompt": PROMPT}
    headers = {"Idempotency-Key": "first"}
    first = await here.send("POST", "/generate", ann, json=asked, headers=headers)
    task_id = first.json()["task_id"]
    await finished(here, ann, task_id, "failed", broke(task_id))
    for _ in range(2):
        await completed(here, ann)
    assert task_id not in state.accounts[ann.account_id].tasks

    with here.nothing_written():
        again = await here.send("POST", "/generate", ann, json=asked, headers=headers)
        assert (again.status_code, again.json()["task_id"], again.json()["status"]) == (202, task_id, "failed")
        other = await here.send("POST", "/generate", ann, json={**asked, "prompt": "else"}, headers=headers)
        refused(other, 422, "idempotency-key-reused")
        refused(await here.post(f"/generate/{task_id}/cancel", ann), 409, "wrong-state")
        stale = await here.send("POST", f"/generate/{task_id}/cancel", ann, headers={"If-Match": '"1"'})
        refused(stale, 412, "precondition-failed")
        assert await here.status(ann, task_id) == "failed"

    told, _ = await forked(here, ann, task_id)
    assert told["params"]["quality"] == "draft"
    retried = await here.post(f"/generate/{task_id}/retry", ann)
    assert retried.status_code == 202, retried.text
    assert here.of(ann, TaskRequested)[-1].parent == task_id


async def test_an_old_result_can_be_deleted(here: World) -> None:
    ann = await here.user()
    state = keep_hardly_anything(here, ann)
    await completed(here, ann)
    (old,) = state.accounts[ann.account_id].files
    await completed(here, ann)
    assert old not in state.accounts[ann.account_id].files
    command = DeleteFile(account_id=ann.account_id, file_id=old)
    assert await here.decided(ACCOUNTS, ann.partition, command) == {"file_id": old, "deleted": True}
    assert here.of(ann, FileDeleted)[-1].file_id == old
    with pytest.raises(NotFound):
        await here.decided(ACCOUNTS, ann.partition, command)


async def test_a_snapshot_tells_nothing_of_a_person(here: World) -> None:
    """Everything that a person wrote is sealed in it with the account's key, and unreadable once that is destroyed."""
    ann = await here.user("annabella")
    await here.task(ann, PROMPT)
    await completed(here, ann)
    kept = [take(owner.fold, Position(1), "").kept for owner in here.parts.host.owners.values()]
    assert any(ann.account_id.encode() in each for each in kept)
    for each in kept:
        for secret in (PROMPT, "red chair", "annabella", ann.username):
            assert secret.encode() not in each
