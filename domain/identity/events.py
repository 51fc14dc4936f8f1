"""Events of topic `lathe.identity`, keyed by the user's integer id as text."""

from domain.account.events import Event
from domain.personal import Sealed


class UserRegistered(Event, frozen=True, kw_only=True):
    """Sealed fields are under the key of `account_id`; field ids are the field names."""

    user_id: int
    account_id: str
    username: Sealed
    username_hmac: str
    """Keyed blind index (hex) of the NFKC-casefolded name: what makes it unique."""
    password_hash: Sealed | None = None
    name: Sealed | None = None
    email: Sealed | None = None
    role: str = "user"
    sign_up_credits: int = 0


class UserProfileChanged(Event, frozen=True, kw_only=True):
    """Fields left out stay as they are."""

    username: Sealed | None = None
    username_hmac: str | None = None
    name: Sealed | None = None
    email: Sealed | None = None


class UserRoleChanged(Event, frozen=True, kw_only=True):
    """`role`: `user`, `operator`, `admin` or `service`. Ends all sessions: the token version rises."""

    role: str


class UserDisabled(Event, frozen=True, kw_only=True):
    """The user can no longer sign in. Ends all sessions."""

    reason: str


class PasswordChanged(Event, frozen=True, kw_only=True):
    """Ends all sessions: the token version rises."""

    password_hash: Sealed


class PasswordRehashed(Event, frozen=True, kw_only=True):
    """Same password, newer hash parameters; sessions stay."""

    password_hash: Sealed


class UserDeleted(Event, frozen=True, kw_only=True):
    """Frees the name; reactors close the account and destroy its key."""
