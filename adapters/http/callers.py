"""The caller as a FastAPI dependency, the same in both services."""

from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import OAuth2PasswordBearer

from adapters.http.rate_limits import RateLimits
from adapters.security.authenticator import Authenticator, Caller
from adapters.telemetry.subject import bind
from domain.errors import DomainError, Forbidden

bearer: Final = OAuth2PasswordBearer(
    tokenUrl="/auth/login", auto_error=False, description="POST /auth/login gives a token."
)
_TOKENS: Final = frozenset({"access_token", "token", "jwt", "authorization"})


class TokenInUrl(DomainError):
    """A long-lived secret stands where logs and histories keep it."""

    code, status, title = "token-in-url", 400, "A token has no place in a URL"


async def caller_of(request: Request, _: Annotated[str | None, Security(bearer)] = None) -> Caller:
    """Who calls, within the account's rate. `app.state` holds `authenticator` and `rate_limits`."""
    if found := _TOKENS.intersection(request.query_params):
        raise TokenInUrl(
            "A token in a URL is never accepted: send it as `Authorization: Bearer <token>`. Streams also take a "
            "one-time ticket (POST /auth/tickets) as `?ticket=`.",
            errors=[{"parameter": name, "in": "query", "detail": "Not here"} for name in sorted(found)],
        )
    authenticator: Authenticator = request.app.state.authenticator
    return admit(request, await authenticator.caller(request.headers.get("authorization")))


def admit(request: Request, caller: Caller) -> Caller:
    """A verified caller, noted for logs, within the account's rate."""
    request.state.user_id, request.state.account_id = caller.user_id, caller.account_id
    bind(account=caller.account_id)
    limits: RateLimits = request.app.state.rate_limits
    limits.account(request.scope, caller.account_id)
    return caller


CallerOf = Annotated[Caller, Depends(caller_of)]


class RequireRole:
    """`Depends(RequireRole("operator", "admin"))`: refuse everybody else. Raises Forbidden."""

    def __init__(self, *roles: str) -> None:
        self._roles = roles

    async def __call__(self, caller: CallerOf) -> Caller:
        if caller.role not in self._roles:
            raise Forbidden(f"This takes the role {' or '.join(self._roles)}; yours is {caller.role}.")
        return caller
