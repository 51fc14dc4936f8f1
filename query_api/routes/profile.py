"""Who I am and what I have to spend."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, problems
from domain.errors import Unauthenticated
from domain.identity.state import User
from domain.money import to_credits
from domain.rendering import time_of
from query_api.etags import NOT_MODIFIED, document
from query_api.parts import FreshParts, Parts
from query_api.schemas.user import Profile

router = APIRouter(prefix="/auth", tags=["auth"])


@router.get(
    "/profile",
    response_model=Profile,
    summary="The user who is logged in",
    responses=NOT_MODIFIED | problems(*READS, *SIGNED_IN),
)
async def profile(request: Request, caller: CallerOf, parts: FreshParts) -> Response:
    """The user with `balance` (free to spend) and `reserved`, in credits."""
    user = parts.users.state.by_account(caller.account_id)
    if user is None:
        raise Unauthenticated("The user does not exist any more.")
    wallet = await parts.freshness.find(caller.account_id, lambda: parts.queries.account(caller.account_id))
    # Between registration and the account's opening there is nothing to spend yet.
    money = {name: 0 if wallet is None else to_credits(wallet[name]) for name in ("balance", "reserved")}
    return document(request, await _user(parts, user) | money)


async def _user(parts: Parts, user: User) -> dict[str, Any]:
    sealed = [(user.account_id, text) for text in (user.username, user.name, user.email)]
    username, name, email = await parts.sealer.open_many(sealed)
    told: dict[str, Any] = {
        "id": user.user_id,
        "uuid": user.account_id,
        "username": username,
        "name": name,
        "role": user.role,
        "created_at": time_of(user.created_at),
        "updated_at": time_of(user.updated_at),
    }
    return told | ({} if email is None else {"email": email})
