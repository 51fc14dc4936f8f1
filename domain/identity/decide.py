"""The rules of users: unique names, known roles, and never without an administrator."""

from typing import Final

import msgspec

from domain.decider import Append, Context, Reply
from domain.errors import AlreadyExists, InvalidInput, NotFound, NotInState, StreamQuarantined
from domain.identity import commands as c
from domain.identity import events as e
from domain.identity.state import IdentityState, User
from domain.identity.views import user_view
from domain.money import require_amount

ROLES: Final = ("user", "operator", "admin", "service")
ADMIN: Final = "admin"


def register(state: IdentityState, command: c.RegisterUser, context: Context) -> Append:
    """User ids are 1, 2, 3… in the order of registration. Raises AlreadyExists, InvalidInput, StreamQuarantined."""
    _require_role(command.role)
    require_amount(command.sign_up_credits, "/sign_up_credits")
    _require_free_name(state, command.username_hmac)
    if command.account_id in state.ids_by_account:
        raise AlreadyExists("The account belongs to another user.")
    user_id = state.last_id + 1
    event = e.UserRegistered(
        user_id=user_id,
        account_id=command.account_id,
        username=command.username,
        username_hmac=command.username_hmac,
        password_hash=command.password_hash,
        name=command.name,
        email=command.email,
        role=command.role,
        sign_up_credits=command.sign_up_credits,
    )
    return Append(str(user_id), event, str(user_id))


def change_profile(state: IdentityState, command: c.ChangeProfile, context: Context) -> Append | Reply:
    user = _user(state, command.user_id)
    if (command.username is None) != (command.username_hmac is None):
        raise InvalidInput("A name comes with its blind index.", pointer="/username")
    if command.username_hmac is not None and command.username_hmac != user.username_hmac:
        _require_free_name(state, command.username_hmac)
    if command.username is None and command.name is None and command.email is None:
        return Reply(user_view(user))
    event = e.UserProfileChanged(
        username=command.username, username_hmac=command.username_hmac, name=command.name, email=command.email
    )
    return _append(user, event)


def change_password(state: IdentityState, command: c.ChangePassword, context: Context) -> Append:
    return _append(_user(state, command.user_id), e.PasswordChanged(password_hash=command.password_hash))


def rehash_password(state: IdentityState, command: c.RehashPassword, context: Context) -> Append | Reply:
    """Nothing when the hash was changed since it was read."""
    user = _user(state, command.user_id)
    if user.password_hash is None or user.password_hash.event_id != command.expected:
        return Reply(user_view(user))
    return _append(user, e.PasswordRehashed(password_hash=command.password_hash))


def change_role(state: IdentityState, command: c.ChangeRole, context: Context) -> Append | Reply:
    """Raises NotInState for the last administrator."""
    user = _user(state, command.user_id)
    _require_role(command.role)
    if user.role == command.role:
        return Reply(user_view(user))
    _require_other_admin(state, user)
    return _append(user, e.UserRoleChanged(role=command.role))


def disable(state: IdentityState, command: c.DisableUser, context: Context) -> Append | Reply:
    """Raises NotInState for the last administrator."""
    user = _user(state, command.user_id)
    if user.disabled:
        return Reply(user_view(user))
    _require_other_admin(state, user)
    return _append(user, e.UserDisabled(reason=command.reason))


def delete(state: IdentityState, command: c.DeleteUser, context: Context) -> Append | Reply:
    """Repeatable. Raises NotInState for the last administrator."""
    user = state.by_id(command.user_id)
    if user is not None and user.deleted:
        return Reply(user_view(user))
    user = _user(state, command.user_id)
    _require_other_admin(state, user)
    return _append(user, e.UserDeleted())


def _append(user: User, event: msgspec.Struct) -> Append:
    return Append(str(user.user_id), event, str(user.user_id))


def _user(state: IdentityState, user_id: int) -> User:
    user = state.by_id(user_id)
    if user is None or user.deleted:
        raise NotFound("There is no such user.")
    return user


def _require_role(role: str) -> None:
    if role not in ROLES:
        raise InvalidInput(f"A role is one of {', '.join(ROLES)}.", pointer="/role")


def _require_free_name(state: IdentityState, username_hmac: str) -> None:
    if state.unreadable:
        raise StreamQuarantined("A user's history cannot be read, so nobody knows which names are taken.")
    if state.by_username(username_hmac) is not None:
        raise AlreadyExists("This user name is taken.", pointer="/username")


def _require_other_admin(state: IdentityState, user: User) -> None:
    if user.role != ADMIN or not user.active:
        return
    if not any(other.role == ADMIN and other.active and other is not user for other in state.users.values()):
        raise NotInState("This is the last administrator.")
