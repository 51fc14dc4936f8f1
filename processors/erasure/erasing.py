"""The erasure of one account, step by step.

The key goes first: from then on nobody reads a text of the account, in the log, the read models, a snapshot or an
export, whatever becomes of the rest. No later step needs it. Then the account is closed, what runs is ended, and what
is not sealed (files, results, sessions, addresses in the audit) is removed; a last look, after the URLs that were given
away have expired, removes what late writers brought.

Every step is repeatable and is noted when it is done: whoever dies in between begins again with the first one that is
not noted.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.commands.client import CommandClient
from adapters.commands.reactions import reaction_context
from adapters.kafka.replica import Replica
from adapters.kafka.topics import ACCOUNTS, IDENTITY, account_partition
from adapters.object_store.port import ObjectStore, delete_account_objects
from adapters.postgres.erasures import Erasure, Erasures
from adapters.postgres.uploads import Uploads, staging_key
from adapters.security.account_keys import AccountKeys
from domain.account.commands import CancelTask, CloseAccount, Command, DescribeOpenTasks, ForfeitCredits
from domain.errors import DomainError
from domain.identity.commands import DeleteUser
from domain.identity.state import IdentityState

REASON: Final = "account-closed"
log = structlog.get_logger(__name__)


class Erasing:
    """`advance` goes as far as it can now. It raises Unavailable, and asyncpg's errors: try again later."""

    def __init__(
        self,
        users: Replica[IdentityState],
        commands: CommandClient,
        keys: AccountKeys,
        store: ObjectStore,
        erasures: Erasures,
        uploads: Uploads,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._users, self._commands, self._keys = users, commands, keys
        self._store, self._erasures, self._uploads = store, erasures, uploads
        self._clock = clock

    async def advance(self, erasure: Erasure) -> None:
        """What is not done and can be done now. Repeatable, by any number of processes."""
        await self.make_unreadable(erasure)
        if erasure.emptied_at is None:
            await self._empty(erasure)
        elif erasure.last_look_at is not None and self._clock() >= erasure.last_look_at:
            await self._remove(erasure.account_id)
            await self._forget_uploads(erasure.account_id)
            await self._erasures.note_done(erasure.account_id)
            log.info("erased", account=erasure.account_id)

    async def make_unreadable(self, erasure: Erasure) -> None:
        """The first step, which waits for no owner of accounts."""
        if erasure.key_gone_at is not None:
            return
        await self._delete_user(erasure)
        await self._keys.destroy(erasure.account_id)
        await self._erasures.remove_rows(erasure.account_id)
        await self._erasures.note_key_gone(erasure.account_id)
        log.info("the key of a deleted user is destroyed", account=erasure.account_id)

    async def _delete_user(self, erasure: Erasure) -> None:
        """After a restore the log may not know of the deletion. Nothing, where it knows."""
        user = (await self._users.read_to_end()).by_account(erasure.account_id)
        if user is None or user.deleted:
            return
        context = reaction_context(erasure.account_id, "delete-user", self._clock(), _correlation(erasure))
        await self._commands.send(IDENTITY, 0, DeleteUser(user_id=user.user_id), context)

    async def _empty(self, erasure: Erasure) -> None:
        """Removes what is there before and after runs were ended: nobody waits for a run that is stuck."""
        closed = await self._close(erasure)
        await self._remove(erasure.account_id)
        if closed and await self._end_tasks(erasure):
            await self._remove(erasure.account_id)
            await self._erasures.note_emptied(erasure.account_id)
            log.info("the account of a deleted user is empty", account=erasure.account_id)

    async def _close(self, erasure: Erasure) -> bool:
        """Nothing is accepted any more. False while the account is yet to be opened, or its owner cannot read it."""
        if self._is_unknown(erasure):
            return True
        try:
            await self._send(erasure, "close-account", CloseAccount(account_id=erasure.account_id))
        except DomainError as refusal:
            log.warning("an account cannot be closed yet", account=erasure.account_id, why=refusal.detail)
            return False
        return True

    async def _end_tasks(self, erasure: Erasure) -> bool:
        """Cancel what did not end. True once nothing runs and what was left of the credits is forfeited."""
        if self._is_unknown(erasure):
            return True
        account_id = erasure.account_id
        for task_id in await self._open_tasks(erasure):
            try:
                command = CancelTask(account_id=account_id, task_id=task_id, reason=REASON)
                await self._send(erasure, f"cancel-task/{task_id}", command)
            except DomainError as refusal:
                log.info("a task ended by itself", account=account_id, task_id=task_id, why=refusal.detail)
        if await self._open_tasks(erasure):
            return False
        await self._send(erasure, "forfeit-credits", ForfeitCredits(account_id=account_id))
        return True

    def _is_unknown(self, erasure: Erasure) -> bool:
        """A restored log may never have heard of the account."""
        return self._users.state.by_account(erasure.account_id) is None

    async def _open_tasks(self, erasure: Erasure) -> list[str]:
        found = await self._send(erasure, "", DescribeOpenTasks(account_id=erasure.account_id))
        return list(found["task_ids"])

    async def _send(self, erasure: Erasure, reaction: str, command: Command) -> dict[str, list[str]]:
        cause = erasure.event_id or erasure.account_id
        context = reaction_context(cause, reaction, self._clock(), _correlation(erasure))
        partition = account_partition(erasure.account_id)
        return (await self._commands.send(ACCOUNTS, partition, command, context)).view

    async def _remove(self, account_id: str) -> None:
        """What is not sealed."""
        await self._erasures.remove_rows(account_id)
        await delete_account_objects(self._store, account_id)
        for upload_id in await self._uploads.of_account(account_id):
            await self._store.delete(staging_key(upload_id))

    async def _forget_uploads(self, account_id: str) -> None:
        for upload_id in await self._uploads.of_account(account_id):
            await self._uploads.forget(upload_id)


def _correlation(erasure: Erasure) -> str:
    return f"erasure-{erasure.account_id}"
