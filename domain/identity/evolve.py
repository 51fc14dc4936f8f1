"""The fold of identity events."""

from domain.envelope import Envelope
from domain.identity import events as e
from domain.identity.state import IdentityState, User
from domain.personal import Sealed, SealedAt


def registered(state: IdentityState, key: str, event: e.UserRegistered, envelope: Envelope) -> None:
    if event.user_id in state.users or key != str(event.user_id):
        raise KeyError(f"user {event.user_id} was registered before, or in another stream than {key}")
    state.users[event.user_id] = User(
        user_id=event.user_id,
        account_id=event.account_id,
        role=event.role,
        username=SealedAt.of(envelope.id, "username", event.username),
        username_hmac=event.username_hmac,
        password_hash=_at(envelope, "password_hash", event.password_hash),
        name=_at(envelope, "name", event.name),
        email=_at(envelope, "email", event.email),
        sign_up_credits=event.sign_up_credits,
        created_at=envelope.time,
        updated_at=envelope.time,
    )
    state.ids_by_name[event.username_hmac] = event.user_id
    state.ids_by_account[event.account_id] = event.user_id
    state.last_id = max(state.last_id, event.user_id)


def profile_changed(state: IdentityState, key: str, event: e.UserProfileChanged, envelope: Envelope) -> None:
    user = _touched(state, key, envelope)
    if event.username is not None and event.username_hmac is not None:
        if user.username_hmac is not None:
            state.ids_by_name.pop(user.username_hmac, None)
        user.username = SealedAt.of(envelope.id, "username", event.username)
        user.username_hmac = event.username_hmac
        state.ids_by_name[event.username_hmac] = user.user_id
    user.name = _at(envelope, "name", event.name) or user.name
    user.email = _at(envelope, "email", event.email) or user.email


def role_changed(state: IdentityState, key: str, event: e.UserRoleChanged, envelope: Envelope) -> None:
    user = _touched(state, key, envelope)
    user.role = event.role
    user.token_version += 1


def disabled(state: IdentityState, key: str, event: e.UserDisabled, envelope: Envelope) -> None:
    user = _touched(state, key, envelope)
    user.disabled = True
    user.token_version += 1


def password_changed(state: IdentityState, key: str, event: e.PasswordChanged, envelope: Envelope) -> None:
    user = _touched(state, key, envelope)
    user.password_hash = SealedAt.of(envelope.id, "password_hash", event.password_hash)
    user.token_version += 1


def password_rehashed(state: IdentityState, key: str, event: e.PasswordRehashed, envelope: Envelope) -> None:
    user = _touched(state, key, envelope)
    user.password_hash = SealedAt.of(envelope.id, "password_hash", event.password_hash)


def deleted(state: IdentityState, key: str, event: e.UserDeleted, envelope: Envelope) -> None:
    user = _touched(state, key, envelope)
    if user.username_hmac is not None:
        state.ids_by_name.pop(user.username_hmac, None)
    user.username = user.username_hmac = user.password_hash = user.name = user.email = None
    user.deleted = True
    user.token_version += 1


def _touched(state: IdentityState, key: str, envelope: Envelope) -> User:
    """The user of stream `key`. Raises KeyError or ValueError if there is none: such a record cannot be folded."""
    user = state.users[int(key)]
    user.updated_at = envelope.time
    return user


def _at(envelope: Envelope, field: str, sealed: Sealed | None) -> SealedAt | None:
    return None if sealed is None else SealedAt.of(envelope.id, field, sealed)
