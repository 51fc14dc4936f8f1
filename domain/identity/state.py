"""The state of `lathe.identity`: all users, and the three ways to find one.

Followers (login, token checks) fold the same state as the owner; names, addresses and password hashes stay sealed.
"""

from datetime import datetime

import msgspec

from domain.idempotency import Keys
from domain.personal import SealedAt


class User(msgspec.Struct, kw_only=True):
    """A deleted user keeps its ids and nothing personal; its name is free again."""

    user_id: int
    account_id: str
    role: str
    username: SealedAt | None = None
    username_hmac: str | None = None
    """Keyed blind index of the case-folded name; None once deleted."""
    password_hash: SealedAt | None = None
    """None: cannot log in. Its `event_id` is what RehashPassword must expect."""
    name: SealedAt | None = None
    email: SealedAt | None = None
    token_version: int = 1
    """Access tokens carry it; it rises with a new role or password, when disabled and when deleted."""
    disabled: bool = False
    deleted: bool = False
    sign_up_credits: int = 0
    created_at: datetime
    updated_at: datetime

    @property
    def active(self) -> bool:
        """May log in and use its tokens."""
        return not (self.disabled or self.deleted)


class IdentityState(msgspec.Struct):
    users: dict[int, User] = {}
    ids_by_name: dict[str, int] = {}
    """username_hmac -> user id, of users that are not deleted."""
    ids_by_account: dict[str, int] = {}
    keys: Keys = msgspec.field(default_factory=Keys)
    last_id: int = 0
    unreadable: set[str] = set()
    """Streams with a record that cannot be read: while there are some, nobody knows which names are taken."""

    def by_id(self, user_id: int) -> User | None:
        """Deleted users too."""
        return self.users.get(user_id)

    def by_account(self, account_id: str) -> User | None:
        """Deleted users too."""
        return self.users.get(self.ids_by_account.get(account_id, 0))

    def by_username(self, username_hmac: str) -> User | None:
        """Never a deleted one."""
        return self.users.get(self.ids_by_name.get(username_hmac, 0))

    def quarantine(self, key: str) -> None:
        """A record of stream `key` cannot be read: registrations and renames stop until an operator ended it."""
        self.unreadable.add(key)
