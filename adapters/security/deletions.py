"""Keys that follow the deletions of users: as soon as this process has read one, the account's key is used no more."""

from typing import Any

import asyncpg

from adapters.kafka.follower import Entry
from adapters.kafka.record import Undecodable
from adapters.kafka.replica import Replica
from adapters.security.account_keys import AccountKeys
from domain.identity.events import UserDeleted
from domain.identity.state import IdentityState


def keys_of_users(pool: "asyncpg.Pool[Any]", wrapping_key: bytes, users: Replica[IdentityState]) -> AccountKeys:
    """The accounts' keys without those of deleted users, cached or not. Call it before `users` is started."""

    def deleted(account_id: str) -> bool:
        user = users.state.by_account(account_id)
        return user is not None and user.deleted

    keys = AccountKeys(pool, wrapping_key, deleted=deleted)

    def seen(entry: Entry) -> None:
        account_id = deleted_account(entry, users.state)
        if account_id is not None:
            keys.forget(account_id)

    users.watch(seen)
    return keys


def deleted_account(entry: Entry, users: IdentityState) -> str | None:
    """The account of the user whom this entry of `lathe.identity` deleted, if it is a deletion."""
    if entry.decoded is None or isinstance(entry.decoded, Undecodable):
        return None
    envelope, event = entry.decoded
    if not isinstance(event, UserDeleted) or not envelope.subject.isdigit():
        return None
    user = users.by_id(int(envelope.subject))
    return None if user is None or not user.deleted else user.account_id
