"""The caller as a FastAPI dependency, the same in both services."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import OAuth2PasswordBearer

from adapters.http.rate_limits import RateLimits
from adapters.security.authenticator import Authenticator, Caller
from domain.errors import Forbidden

_scheme = OAuth2PasswordBearer(tokenUrl="/auth/login", auto_error=False, description="POST /auth/login gives a token.")


async def caller_of(request: Request, _: Annotated[str | None, Security(_scheme)]) -> Caller:
    """Who calls, within the account's rate. `app.state` holds `authenticator` and `rate_limits`."""
    authenticator: Authenticator = request.app.state.authenticator
    caller = await authenticator.caller(request.headers.get("authorization"))
    request.state.user_id = caller.user_id
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
