"""Commands to `lathe.identity`. Tagged with their class name on the wire."""

import msgspec

from domain.personal import Sealed


class Base(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Base of identity commands."""


class RegisterUser(Base, frozen=True, kw_only=True):
    """Raises AlreadyExists when the name (its blind index) is taken."""

    account_id: str
    username: Sealed
    username_hmac: str
    password_hash: Sealed | None = None
    name: Sealed | None = None
    email: Sealed | None = None
    role: str = "user"
    sign_up_credits: int = 0


class ChangePassword(Base, frozen=True, kw_only=True):
    user_id: int
    password_hash: Sealed


class RehashPassword(Base, frozen=True, kw_only=True):
    """`expected` is the event id the old hash came in: a hash changed meanwhile makes this a no-op."""

    user_id: int
    password_hash: Sealed
    expected: str


class ChangeRole(Base, frozen=True, kw_only=True):
    user_id: int
    role: str


class ChangeProfile(Base, frozen=True, kw_only=True):
    """Fields left out stay. A new name comes with its blind index. Raises AlreadyExists when it is taken."""

    user_id: int
    username: Sealed | None = None
    username_hmac: str | None = None
    name: Sealed | None = None
    email: Sealed | None = None


class DisableUser(Base, frozen=True, kw_only=True):
    user_id: int
    reason: str


class DeleteUser(Base, frozen=True, kw_only=True):
    user_id: int


IdentityCommand = RegisterUser | ChangeProfile | ChangePassword | RehashPassword | ChangeRole | DisableUser | DeleteUser
