"""The erasure of one account: what it removes, and that it can be broken off anywhere."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.kafka import topics
from adapters.object_store.port import account_prefix, object_key
from adapters.postgres.erasures import LATE_WRITERS, Erasures
from adapters.postgres.uploads import Uploads
from adapters.security.account_keys import AccountKeys, Erased
from domain.account.commands import CloseAccount
from domain.account.events import TaskCancelled, TaskCancelRequested
from domain.identity.commands import ChangeRole
from domain.identity.events import UserDeleted
from domain.runs.events import RunCancelled, RunStarted
from processors.erasure.erasing import Erasing
from tests.command_api.world import MASTER, PASSWORD, User, World, refused, until
from tests.erasure.scene import (
    Later,
    assert_nothing_is_left,
    delete,
    erasing_of,
    erasure_of,
    finish,
    somebody,
)


async def listed(here: World, user: User) -> None:
    await Erasures(here.parts.pool).add(user.account_id, f"deletion-of-{user.account_id}", datetime.now(UTC))


async def test_the_answer_says_what_becomes_of_the_account_by_when(here: World) -> None:
    user = await somebody(here)
    told = await delete(here, user)
    assert (told["id"], told["uuid"]) == (user.user_id, user.account_id)
    times = [datetime.fromisoformat(told[n]) for n in ("deleted_at", "unreadable_by", "emptied_by", "erased_by")]
    assert times == sorted(times)
    assert len(set(times)) == 4
    assert len([e for _, e in here.events((topics.IDENTITY.name, 0), str(user.user_id)) if type(e) is UserDeleted]) == 1


async def test_a_deleted_user_is_out_at_once_and_the_name_is_free(here: World) -> None:
    user = await somebody(here)
    await delete(here, user)
    with here.nothing_written():
        refused(await here.post("/generate", user, json={"prompt": "a mug"}), 401, "unauthenticated")
        refused(await here.send("DELETE", f"/users/{user.user_id}", user), 401, "unauthenticated")
        login = {"username": user.username, "password": PASSWORD}
        refused(await here.post("/auth/login", json=login), 401, "unauthenticated")
        again = {"refresh_token": user.refresh_token}
        refused(await here.post("/auth/refresh", json=again), 401, "unauthenticated")
    with pytest.raises(Erased):
        await here.parts.sealer.keys.get(user.account_id)
    assert await here.parts.pool.fetchval("SELECT 1 FROM ops.account_keys WHERE account_id = $1", user.account_id) == 1
    anew = await here.post("/auth/register", json={"username": user.username, "password": PASSWORD})
    assert anew.status_code == 201, anew.text
    assert anew.json()["uuid"] != user.account_id


async def test_whoever_may_not_delete_finds_nobody(here: World) -> None:
    user, other, admin = await here.user(), await here.user(), await here.user()
    with here.nothing_written():
        refused(await here.send("DELETE", f"/users/{user.user_id}", other), 404, "not-found")
        refused(await here.send("DELETE", "/users/9007199254740991", other), 404, "not-found")
    await here.decided(topics.IDENTITY, 0, ChangeRole(user_id=admin.user_id, role="admin"))
    headers = {"authorization": f"Bearer {(await here.login(admin.username))['access_token']}"}
    first = await here.send("DELETE", f"/users/{user.user_id}", headers=headers)
    with here.nothing_written():
        again = await here.send("DELETE", f"/users/{user.user_id}", headers=headers)
        refused(await here.send("DELETE", "/users/9007199254740991", headers=headers), 404, "not-found")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()


async def test_nothing_is_left(here: World) -> None:
    user, clock = await somebody(here), Later()
    await delete(here, user)
    await listed(here, user)
    await finish(here, user.account_id, clock, erasing_of(here, clock))
    assert len(here.of(user, TaskCancelled)) == 2
    assert {event.reason for event in here.of(user, TaskCancelled)} == {"account-closed"}
    await assert_nothing_is_left(here, user)


class Death(BaseException):
    """Nothing below catches it."""


class Mortal:
    """A part whose calls are counted together with the others'; whoever made the chosen one dies right after it."""

    def __init__(self, part: Any, count: list[int], last: int) -> None:
        self._part, self._count, self._last = part, count, last

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            self._count[0] += 1
            answer = await method(*arguments, **named)
            if self._count[0] == self._last:
                raise Death
            return answer

        return call


async def erased_by_a_mortal(here: World, last: int) -> int:
    """Erase somebody; whoever does it dies after call `last` (0: never), and another one finishes. The calls."""
    user, clock, count = await somebody(here, tasks=1), Later(), [0]
    await delete(here, user)
    await listed(here, user)
    pool = here.parts.pool
    parts = {
        "commands": here.parts.commands,
        "keys": AccountKeys(pool, MASTER.key_wrapping),
        "store": here.parts.store,
        "erasures": Erasures(pool),
        "uploads": Uploads(pool),
    }
    mortal = {name: Mortal(part, count, last) for name, part in parts.items()}
    with contextlib.suppress(Death):
        await finish(here, user.account_id, clock, erasing_of(here, clock, **mortal))
    await finish(here, user.account_id, clock, erasing_of(here, clock))
    await assert_nothing_is_left(here, user)
    return count[0]


async def test_whoever_dies_after_any_call_is_followed_by_somebody_who_finishes(here: World) -> None:
    calls = await erased_by_a_mortal(here, 0)
    assert calls > 20
    for last in range(1, calls + 1):
        assert await erased_by_a_mortal(here, last) >= last


async def test_two_processes_at_once_do_what_one_does(here: World) -> None:
    user, clock = await somebody(here), Later()
    await delete(here, user)
    await listed(here, user)
    await asyncio.gather(*(finish(here, user.account_id, clock, erasing_of(here, clock)) for _ in range(3)))
    await assert_nothing_is_left(here, user)


async def running_task(here: World, user: User) -> str:
    task_id = await here.task(user)
    await here.run_says(user, task_id, RunStarted(task_id=task_id, attempt=1, sequence=1, worker_id="w", device="cpu"))

    async def runs() -> bool:
        return await here.status(user, task_id) == "running"

    await until(runs, "the start")
    return task_id


async def test_a_run_is_cancelled_and_what_it_brings_is_removed(here: World) -> None:
    user, clock = await somebody(here, tasks=0), Later()
    task_id = await running_task(here, user)
    await delete(here, user)
    await listed(here, user)
    erasing = erasing_of(here, clock)
    await erasing.advance(await erasure_of(here, user.account_id))
    erasure = await erasure_of(here, user.account_id)
    assert (erasure.key_gone_at is None, erasure.emptied_at is None) == (False, True)
    assert await here.parts.store.keys(account_prefix(user.account_id)) == []
    assert len(here.of(user, TaskCancelRequested)) == 1
    await here.parts.store.put_bytes(object_key(user.account_id, "0" * 64), b"late", "image/png")
    await erasing.advance(erasure)
    assert (await erasure_of(here, user.account_id)).emptied_at is None
    said = RunCancelled(task_id=task_id, attempt=1, sequence=2, worker_id="w", used_fraction=0.0)
    await here.run_says(user, task_id, said)
    await until(lambda: here.of(user, TaskCancelled), "the end of the run")
    await erasing.advance(erasure)
    # A URL that was given away before brings something later still.
    await here.parts.store.put_bytes(object_key(user.account_id, "1" * 64), b"later", "image/png")
    await finish(here, user.account_id, clock, erasing)
    await assert_nothing_is_left(here, user)


async def test_the_last_look_is_not_taken_before_its_time(here: World) -> None:
    user, clock = await somebody(here, tasks=0), Later()
    await delete(here, user)
    await listed(here, user)
    erasing = erasing_of(here, clock)
    await erasing.advance(await erasure_of(here, user.account_id))
    erasure = await erasure_of(here, user.account_id)
    assert erasure.emptied_at is not None
    assert erasure.last_look_at == erasure.emptied_at + LATE_WRITERS
    clock.ahead = LATE_WRITERS - timedelta(minutes=1)
    await erasing.advance(erasure)
    assert (await erasure_of(here, user.account_id)).done_at is None


async def test_a_command_that_was_let_in_before_the_deletion_is_refused_after_the_closing(here: World) -> None:
    user = await somebody(here)
    await here.decided(topics.ACCOUNTS, user.partition, CloseAccount(account_id=user.account_id))
    with here.nothing_written():
        refused(await here.post("/generate", user, json={"prompt": "a mug"}), 409, "account-closed")


async def test_after_a_restore_the_deletion_is_decided_anew(here: World) -> None:
    """The restored log does not know of it, and the restored list neither."""
    user, clock = await somebody(here), Later()
    await Erasures(here.parts.pool).order_all([user.account_id, "of-an-account-that-was-never-restored"])
    erasing: Erasing = erasing_of(here, clock)
    for account_id in (user.account_id, "of-an-account-that-was-never-restored"):
        await finish(here, account_id, clock, erasing)
    await here.parts.users.read_to_end()
    refused(await here.post("/generate", user, json={"prompt": "a mug"}), 401, "unauthenticated")
    await assert_nothing_is_left(here, user)
    await Erasures(here.parts.pool).order_all([user.account_id])  # the same backup once more
    assert (await erasure_of(here, user.account_id)).key_gone_at is None
