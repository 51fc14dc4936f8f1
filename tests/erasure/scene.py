"""A user who has left something everywhere, and what must be gone of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.kafka import topics
from adapters.object_store.memory import MemoryStore
from adapters.object_store.port import account_prefix
from adapters.postgres.erasures import LATE_WRITERS, Erasure, Erasures
from adapters.postgres.uploads import Uploads
from adapters.security.account_keys import AccountKeys
from domain.account.commands import DescribeAccount
from domain.account.events import AccountClosed, CreditsForfeited, TaskCancelled
from processors.erasure.erasing import Erasing
from tests.command_api.pictures import picture
from tests.command_api.world import MASTER, User, World

PROMPT = "a violet walrus with epaulettes"
NAME = "Zebulon"


class Store(MemoryStore):
    """Objects in memory, with the addresses of a real store: nobody here goes there."""

    def presign_upload(self, key: str, size: int, expires_s: int, **_: Any) -> str:
        return f"http://objects.test/{key}"


async def somebody(here: World, *, tasks: int = 2) -> User:
    """With sessions, a ticket, a photo, queued tasks, an upload that was begun, and an address in the audit."""
    user = await here.user(NAME)
    await here.login(user.username)
    assert (await here.post("/auth/tickets", user)).status_code == 201
    files = {"file": ("zebulon-at-home.png", picture(), "image/png")}
    assert (await here.post("/upload", user, files=files)).status_code == 201
    for _ in range(tasks):
        await here.task(user, PROMPT)
    wanted = {"name": "zebulon.png", "media_type": "image/png", "bytes": 9}
    invited = await here.post("/uploads", user, json=wanted)
    assert invited.status_code == 201, invited.text
    await here.parts.store.put_bytes(f"staging/{invited.json()['upload_id']}", b"zebulon's", "image/png")
    here.parts.audit.record("forbidden", account_id=user.account_id, address="203.0.113.7")
    await here.parts.audit.flush()
    return user


async def delete(here: World, user: User) -> dict[str, Any]:
    answer = await here.send("DELETE", f"/users/{user.user_id}", user)
    assert answer.status_code == 202, answer.text
    await here.parts.users.read_to_end()
    told: dict[str, Any] = answer.json()
    return told


class Later:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def erasing_of(here: World, clock: Later, **instead: Any) -> Erasing:
    """As the role wires it, with some parts replaced."""
    parts = {
        "commands": here.parts.commands,
        "keys": AccountKeys(here.parts.pool, MASTER.key_wrapping),
        "store": here.parts.store,
        "erasures": Erasures(here.parts.pool),
        "uploads": Uploads(here.parts.pool),
    }
    return Erasing(users=here.parts.users, clock=clock, **(parts | instead))  # type: ignore[arg-type]


async def erasure_of(here: World, account_id: str) -> Erasure:
    return {erasure.account_id: erasure for erasure in await Erasures(here.parts.pool).all()}[account_id]


async def finish(here: World, account_id: str, clock: Later, erasing: Erasing) -> None:
    """Until it is done; the time until late writers cannot come any more passes at once."""
    while (erasure := await erasure_of(here, account_id)).done_at is None:
        if erasure.emptied_at is not None:
            clock.ahead = LATE_WRITERS + timedelta(minutes=1)
        await erasing.advance(erasure)


async def assert_nothing_is_left(here: World, user: User) -> None:
    """Nothing but ids, amounts and times; and the log says once what happened."""
    pool, account = here.parts.pool, user.account_id
    for table in ("account_keys", "sessions", "tickets", "uploads"):
        rows = await pool.fetchval(f"SELECT count(*) FROM ops.{table} WHERE account_id = $1", account)
        assert rows == 0, f"{rows} rows in {table}"
    assert await pool.fetchval("SELECT count(*) FROM ops.audit WHERE account_id = $1", account) >= 1
    addresses = "SELECT count(*) FROM ops.audit WHERE account_id = $1 AND address IS NOT NULL"
    assert await pool.fetchval(addresses, account) == 0
    assert await here.parts.store.keys(account_prefix(account)) == []
    assert await here.parts.store.keys("staging/") == []
    wallet = await here.decided(topics.ACCOUNTS, user.partition, DescribeAccount(account_id=account))
    assert (wallet["closed"], wallet["balance"], wallet["reserved"]) == (True, 0, 0)
    assert len(here.of(user, AccountClosed)) == 1
    assert [event.amount for event in here.of(user, CreditsForfeited)] == [10_000_000]
    assert len({event.task_id for event in here.of(user, TaskCancelled)}) == len(here.of(user, TaskCancelled))
