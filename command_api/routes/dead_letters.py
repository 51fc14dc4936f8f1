"""What operators decide about records that could not be folded."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from starlette.responses import JSONResponse

from adapters.http.callers import RequireRole
from adapters.http.dead_letters import DeadLetterOrder, order_document
from adapters.http.declared import READS, SIGNED_IN, problems, success
from adapters.postgres.dead_letters import Action, DeadLetterOrders, place_of
from adapters.security.authenticator import Caller
from command_api.parts import Parts, parts_of

router = APIRouter(prefix="/admin/dead-letters", tags=["admin"])
Operator = Annotated[Caller, Depends(RequireRole("operator", "admin"))]
PartsOf = Annotated[Parts, Depends(parts_of)]
ANSWERS: Final = success(202, "The order; look at the dead letter for what comes of it", "Location") | problems(
    *READS, *SIGNED_IN, "forbidden", "not-found", "wrong-state"
)


@router.post(
    "/{letter_id}/retry",
    status_code=202,
    response_model=DeadLetterOrder,
    summary="Fold a parked stream again",
    responses=ANSWERS,
)
async def retry(letter_id: str, operator: Operator, parts: PartsOf) -> Response:
    """From its first parked record on, in order, as far as it goes: after its cause was put right. Repeatable."""
    return await _ordered(letter_id, "retry", operator, parts)


@router.post(
    "/{letter_id}/skip",
    status_code=202,
    response_model=DeadLetterOrder,
    summary="Leave a record out for good",
    responses=ANSWERS,
)
async def skip(letter_id: str, operator: Operator, parts: PartsOf) -> Response:
    """The rest of its stream is folded as if it had changed nothing: the read models differ from the truth by it
    until they are rebuilt by code that can fold it. Only for the record that is the cause (`role` poison)."""
    return await _ordered(letter_id, "skip", operator, parts)


async def _ordered(letter_id: str, action: Action, operator: Caller, parts: Parts) -> Response:
    place = place_of(letter_id)
    order = await DeadLetterOrders(parts.pool).place(place, action, operator.actor)
    parts.audit.record(f"dead-letter-{action}", account_id=operator.account_id, letter=str(place))
    return JSONResponse(order_document(order), 202, {"location": f"/admin/dead-letters/{place}"})
