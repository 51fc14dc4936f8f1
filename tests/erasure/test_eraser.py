"""The loops of the eraser: one account that is stuck holds up no other one's key."""

import asyncio
import contextlib
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import msgspec

from adapters.postgres.erasures import Erasure
from processors.erasure.eraser import MOST_AT_ONCE, Eraser

NOW = datetime(2030, 1, 1, tzinfo=UTC)


class List:
    """`ops.erasures` in memory, and the steps: emptying any account never ends."""

    def __init__(self, *stuck: str) -> None:
        self.rows = {account: Erasure(account, None, NOW, key_gone_at=NOW) for account in stuck}
        self.stuck = 0
        self.cut: list[Exception] = []
        """Raised by the first to ask, one after the other."""
        self.all_stuck, self.unreadable = asyncio.Event(), asyncio.Event()

    async def known(self) -> set[str]:
        while self.cut:
            raise self.cut.pop()
        return set(self.rows)

    async def open(self) -> list[Erasure]:
        return list(self.rows.values())

    async def add(self, account_id: str, event_id: str | None, deleted_at: datetime) -> None:
        self.rows[account_id] = Erasure(account_id, event_id, deleted_at)

    async def make_unreadable(self, erasure: Erasure) -> None:
        self.rows[erasure.account_id] = msgspec.structs.replace(erasure, key_gone_at=NOW)
        self.unreadable.set()

    async def advance(self, erasure: Erasure) -> None:
        self.stuck += 1
        if self.stuck == MOST_AT_ONCE:
            self.all_stuck.set()
        await asyncio.Event().wait()


async def test_a_key_waits_for_nobody_elses_tasks() -> None:
    stuck = [f"stuck-{i}" for i in range(2 * MOST_AT_ONCE)]
    list_ = List(*stuck)
    list_.cut.append(asyncpg.InternalClientError("a connection that was cut at an odd moment"))
    users: Any = SimpleNamespace(state=SimpleNamespace(users={}), watch=lambda _: None)
    eraser = Eraser(users, cast(Any, list_), cast(Any, list_))
    running = asyncio.create_task(eraser.run())
    async with asyncio.timeout(10):
        await list_.all_stuck.wait()
        eraser.note("late", None, NOW)
        await list_.unreadable.wait()
    assert list_.rows["late"].key_gone_at == NOW
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
