"""Users as such. Deleting one begins the erasure; the role `erasure` of the processors carries it out."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.responses import JSONResponse

from adapters.http.callers import CallerOf
from adapters.http.declared import ANYWHERE, IDEMPOTENCY_KEY, KEYED, SIGNED_IN, problems, success, taking
from adapters.http.strict_json import StrictRoute
from adapters.kafka.requests import Applied
from adapters.kafka.topics import IDENTITY
from adapters.postgres.erasures import DONE_WITHIN, EMPTIED_WITHIN, UNREADABLE_WITHIN
from adapters.security.authenticator import Caller
from command_api.contexts import Keyed, context_of
from command_api.documents import DeletedUser
from command_api.parts import Parts, parts_of
from command_api.routes.auth import COOKIE
from domain.errors import NotFound
from domain.identity.commands import DeleteUser
from domain.identity.decide import ADMIN

router = APIRouter(prefix="/users", tags=["auth"], route_class=StrictRoute)
UserId = Annotated[int, Path(ge=1, le=(1 << 53) - 1, description="The user's integer id.")]
REFUSED: Final = problems(*ANYWHERE, *SIGNED_IN, *KEYED, "not-found", "wrong-state")


@router.delete(
    "/{user_id}",
    status_code=202,
    response_model=DeletedUser,
    summary="Delete a user and erase the account",
    openapi_extra=taking(IDEMPOTENCY_KEY),
    responses=success(202, "The user is deleted; the account is being erased", "Lathe-Position") | REFUSED,
)
async def delete_user(
    user_id: UserId, request: Request, caller: CallerOf, parts: Annotated[Parts, Depends(parts_of)]
) -> Response:
    """Yourself, or anybody for an admin. There is no way back: the name is free, every session ends, open tasks are
    cancelled, credits are forfeited, and all texts and files are erased by the times in the answer. 409 for the last
    admin."""
    if caller.role != ADMIN and caller.user_id != user_id:
        raise NotFound("There is no such user.")
    keyed = Keyed(request, parts.digests, caller.actor, f"/users/{user_id}")
    context = context_of(request, caller.actor, keyed=keyed, digest=keyed.digest(user_id))
    applied = await parts.commands.send(IDENTITY, 0, DeleteUser(user_id=user_id), context)
    return _told(applied, caller)


def _told(applied: Applied, caller: Caller) -> Response:
    deleted_at = datetime.fromisoformat(applied.view["updated_at"])

    def by(within: timedelta) -> str:
        return (deleted_at + within).isoformat().replace("+00:00", "Z")

    document = {
        "id": applied.view["id"],
        "uuid": applied.view["uuid"],
        "deleted_at": by(timedelta()),
        "unreadable_by": by(UNREADABLE_WITHIN),
        "emptied_by": by(EMPTIED_WITHIN),
        "erased_by": by(DONE_WITHIN),
    }
    answer = JSONResponse(document, 202, {"lathe-position": applied.position})
    if caller.user_id == applied.view["id"]:
        answer.delete_cookie(COOKIE, path="/auth")
    return answer
