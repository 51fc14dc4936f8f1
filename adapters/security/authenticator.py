"""Who calls: an access token, compared with the users' fold on every request.

A token stays formally valid until it expires; its user may have been demoted, disabled or deleted meanwhile. So role
and token version are those of the fold, which this process follows: such a user is out as soon as the event is read.
"""

from typing import Final

import msgspec

from adapters.kafka.replica import Replica
from adapters.security.tokens import AccessTokens, Claims
from domain.errors import Unauthenticated
from domain.identity.state import IdentityState, User

_GONE: Final = "The access token is not accepted: it was issued before the account changed. Log in again."


class Caller(msgspec.Struct, frozen=True):
    """A verified user. `actor` is what events name."""

    account_id: str
    user_id: int
    role: str
    session_id: str
    token_version: int = 0

    @property
    def actor(self) -> str:
        return f"user/{self.account_id}"


class Authenticator:
    """`users` is this process's replica of `lathe.identity`."""

    def __init__(self, tokens: AccessTokens, users: Replica[IdentityState]) -> None:
        self._tokens, self._users = tokens, users

    async def caller(self, authorization: str | None) -> Caller:
        """The user behind an `Authorization` header. Raises Unauthenticated, DependencyDown."""
        if not authorization:
            raise Unauthenticated("Send an access token: `Authorization: Bearer <token>` (POST /auth/login).")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("The Authorization header must be `Bearer <token>`.")
        return await self.current(await self._tokens.verify(token.strip()))

    async def current(self, claims: Claims) -> Caller:
        """The user of verified claims (of a token or a ticket), as the fold knows them. Raises Unauthenticated."""
        user = self._users.state.by_id(claims.user_id)
        if user is None or user.token_version < claims.token_version:
            user = (await self._users.read_to_end()).by_id(claims.user_id)
        if not _is_current(user, claims.account_id, claims.token_version) or user is None:
            raise Unauthenticated(_GONE)
        return Caller(claims.account_id, claims.user_id, user.role, claims.session_id, claims.token_version)


def _is_current(user: User | None, account_id: str, token_version: int) -> bool:
    return user is not None and user.active and user.account_id == account_id and user.token_version == token_version
