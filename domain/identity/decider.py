"""The decider of `lathe.identity`: which rule answers which command, and which fold takes which event."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.idempotency import once
from domain.identity import commands as c
from domain.identity import decide, evolve
from domain.identity import events as e
from domain.identity.state import IdentityState
from domain.identity.views import user_view

Decide = Callable[[IdentityState, Any, Context], Append | Reply]
Evolve = Callable[[IdentityState, str, Any, Envelope], None]

DECIDE: Final[dict[type[c.Base], Decide]] = {
    c.RegisterUser: decide.register,
    c.ChangeProfile: decide.change_profile,
    c.ChangePassword: decide.change_password,
    c.RehashPassword: decide.rehash_password,
    c.ChangeRole: decide.change_role,
    c.DisableUser: decide.disable,
    c.DeleteUser: decide.delete,
}

EVOLVE: Final[dict[type[msgspec.Struct], Evolve]] = {
    e.UserRegistered: evolve.registered,
    e.UserProfileChanged: evolve.profile_changed,
    e.UserRoleChanged: evolve.role_changed,
    e.UserDisabled: evolve.disabled,
    e.PasswordChanged: evolve.password_changed,
    e.PasswordRehashed: evolve.password_rehashed,
    e.UserDeleted: evolve.deleted,
}


class IdentityDecider:
    """Implements `domain.decider.Decider[IdentityState, IdentityCommand]`. One stream is one user, by integer id."""

    fold = 1

    def initial(self) -> IdentityState:
        return IdentityState()

    def stream(self, command: c.IdentityCommand) -> str | None:
        """None for a registration: its stream is named by the decision."""
        return None if isinstance(command, c.RegisterUser) else str(command.user_id)

    def decide(self, state: IdentityState, command: c.IdentityCommand, context: Context) -> Append | Reply:
        rule = DECIDE[type(command)]
        return once(
            state.keys,
            context,
            lambda key, subject: self.view(state, key, subject),
            lambda: rule(state, command, context),
        )

    def evolve(self, state: IdentityState, key: str, event: msgspec.Struct, envelope: Envelope) -> None:
        """Raises KeyError or ValueError, the state untouched, when the event cannot belong to this history."""
        EVOLVE[type(event)](state, key, event, envelope)
        state.keys.remember(key, envelope)

    def quarantine(self, state: IdentityState, key: str) -> None:
        state.quarantine(key)

    def view(self, state: IdentityState, key: str, subject: str) -> dict[str, Any]:
        user = state.users.get(int(key))
        return {} if user is None else user_view(user)
