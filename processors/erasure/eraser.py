"""Who is deleted is erased: the list of erasures follows the log, and each one on it is carried out."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.errors import Unavailable
from adapters.kafka.follower import Entry
from adapters.kafka.record import Undecodable
from adapters.kafka.replica import Replica
from adapters.postgres import away
from adapters.postgres.erasures import EMPTIED_WITHIN, Erasure, Erasures
from adapters.security.deletions import deleted_account
from adapters.telemetry.subject import about
from domain.errors import DomainError
from domain.identity.state import IdentityState
from processors.erasure.erasing import Erasing
from processors.erasure.metrics import LATE, OPEN

AGAIN_S: Final = 1.0
"""How often an account is looked at whose tasks are being ended, and after a failure."""
IDLE_S: Final = 60.0
"""How often the list is read when nobody is deleted: a restore writes to it, too."""
MOST_AT_ONCE: Final = 4
AWAY: Final = (*away.AWAY, Unavailable)
log = structlog.get_logger(__name__)


class Eraser:
    """`users` must not be started yet. The list is made complete from their state at the start, whatever was lost."""

    def __init__(self, users: Replica[IdentityState], erasures: Erasures, erasing: Erasing) -> None:
        self._users, self._erasures, self._erasing = users, erasures, erasing
        self._deleted: dict[str, tuple[str | None, datetime]] = {}
        """Account → (event id, time) of the deletion; those that are not on the list yet."""
        self._news, self._noted = asyncio.Event(), asyncio.Event()
        users.watch(self._seen)

    async def run(self) -> None:
        """Erase until cancelled. While something is away it tries again. A key waits for nobody else's tasks."""
        await self._complete_the_list()
        async with asyncio.TaskGroup() as loops:
            loops.create_task(_again_and_again(self._take_keys, self._news))
            loops.create_task(_again_and_again(self._advance_all, self._noted))

    def note(self, account_id: str, event_id: str | None, deleted_at: datetime) -> None:
        """Somebody was deleted."""
        self._deleted[account_id] = (event_id, deleted_at)
        self._news.set()

    async def _complete_the_list(self) -> None:
        """Deletions that were never seen go by, because a snapshot stands for them or the list was lost."""
        for user in self._users.state.users.values():
            if user.deleted:
                self._deleted.setdefault(user.account_id, (None, user.updated_at))
        while True:
            try:
                known = await self._erasures.known()
            except AWAY as error:
                log.warning("the list of erasures cannot be read", why=str(error) or repr(error))
                await asyncio.sleep(AGAIN_S)
            else:
                self._deleted = {account: seen for account, seen in self._deleted.items() if account not in known}
                return

    async def _note_deleted(self) -> None:
        for account_id, (event_id, deleted_at) in list(self._deleted.items()):
            await self._erasures.add(account_id, event_id, deleted_at)
            del self._deleted[account_id]

    async def _take_keys(self) -> float:
        """Note who is deleted, and destroy the keys. Returns after how many seconds to come back."""
        await self._note_deleted()
        open_ = await self._erasures.open()
        await _all(self._erasing.make_unreadable, [erasure for erasure in open_ if erasure.key_gone_at is None])
        self._noted.set()
        return AGAIN_S if any(erasure.key_gone_at is None for erasure in await self._erasures.open()) else IDLE_S

    async def _advance_all(self) -> float:
        """Every open erasure as far as it goes now. Returns after how many seconds to come back."""
        await _all(self._erasing.advance, await self._erasures.open())
        open_ = await self._erasures.open()
        now = datetime.now(UTC)
        OPEN.set(len(open_))
        waiting = [erasure for erasure in open_ if erasure.emptied_at is None]
        LATE.set(sum(now - erasure.deleted_at > EMPTIED_WITHIN for erasure in waiting))
        return AGAIN_S if waiting else IDLE_S

    def _seen(self, entry: Entry) -> None:
        account_id = deleted_account(entry, self._users.state)
        if account_id is not None and entry.decoded is not None and not isinstance(entry.decoded, Undecodable):
            envelope, _ = entry.decoded
            self.note(account_id, envelope.id, envelope.time)


async def _again_and_again(work: Callable[[], Awaitable[float]], news: asyncio.Event) -> None:
    """`work` tells after how many seconds to do it again; sooner where there is news."""
    while True:
        news.clear()
        pause_s = AGAIN_S
        try:
            pause_s = await work()
        except AWAY as error:
            log.warning("erasures wait", why=str(error) or repr(error))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await news.wait()


async def _all(step: Callable[[Erasure], Awaitable[None]], erasures: Sequence[Erasure]) -> None:
    """A few at once. One failure holds up one account."""
    turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def take(erasure: Erasure) -> None:
        async with turns:
            with about(correlation_id=f"erasure-{erasure.account_id}", account=erasure.account_id):
                try:
                    await step(erasure)
                except DomainError as refusal:
                    log.error("an erasure is refused a step; trying again", why=refusal.detail)
                except AWAY as error:
                    log.warning("an erasure waits", why=str(error) or repr(error))

    await asyncio.gather(*(take(erasure) for erasure in erasures))
