"""Asking for many 3D models at once."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.http.callers import CallerOf
from adapters.http.declared import (
    ANYWHERE,
    BODIES,
    IDEMPOTENCY_KEY,
    KEYED,
    PREFER,
    SIGNED_IN,
    problems,
    success,
    taking,
)
from adapters.http.in_flight import in_flight
from adapters.http.strict_json import StrictRoute
from adapters.ids import new_id
from command_api.batching import request_batch
from command_api.contexts import Keyed, context_of
from command_api.creating import CREATES, batch_created
from command_api.deciding import decide
from command_api.documents import AcceptedBatch
from command_api.generation import Generation, digest_fields
from command_api.parts import Parts, parts_of
from command_api.repeats import earlier_answer
from domain.account.batches import MAX_ITEMS

router = APIRouter(prefix="/generate", tags=["generate"], route_class=StrictRoute)
REFUSED: Final = problems(*ANYWHERE, *SIGNED_IN, *BODIES, *KEYED, *CREATES, "account-closed")
_HEADERS: Final = ("Lathe-Position", "Preference-Applied")


class Batch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[Generation] = Field(min_length=1, max_length=MAX_ITEMS)
    max_credits: Decimal | None = Field(None, ge=0, le=1_000_000_000, description="Refuse if all cost more together.")


@router.post(
    "/batch",
    status_code=202,
    response_model=AcceptedBatch,
    summary="Make up to 100 3D models",
    openapi_extra=taking(IDEMPOTENCY_KEY, PREFER),
    responses={
        **success(200, "All ended within the preferred wait", *_HEADERS, model=AcceptedBatch),
        **success(202, "Accepted", *_HEADERS),
        **REFUSED,
    },
)
async def batch(
    body: Batch, request: Request, caller: CallerOf, parts: Annotated[Parts, Depends(parts_of)]
) -> Response:
    """All or none of them, with one reservation; then each is a task of its own, charged by itself.

    A queue that is below its limit takes a whole batch.
    """
    keyed = Keyed(request, parts.digests, caller.actor, "/generate/batch")
    event_id = new_id()
    limit = None if body.max_credits is None else str(body.max_credits.normalize())
    digest = keyed.digest([[digest_fields(item) for item in body.items], limit])
    context = context_of(request, caller.actor, event_id=event_id, keyed=keyed, digest=digest)
    with in_flight(keyed.scoped if keyed.is_clients else None):
        applied = await earlier_answer(parts, keyed, caller, context)  # so that repeats store no prompts
        if applied is None:
            command = await request_batch(parts, caller.account_id, body.items, body.max_credits, event_id)
            applied = await decide(parts, caller, command, context)
    return await batch_created(parts, request, caller, applied)
