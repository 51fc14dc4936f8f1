"""Records that could not be folded, for operators. Orders about them go to command_api."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from adapters.http.dead_letters import order_document
from adapters.http.declared import problems
from adapters.postgres.dead_letters import order_of, place_of
from domain.errors import NotFound
from query_api.admin_queries import AdminQueries, of_key, of_role, of_topic
from query_api.dead_letters import headers_of, letter_document, value_of
from query_api.etags import document
from query_api.lists import AskedPage, List, Word
from query_api.parts import Parts, parts_of
from query_api.routes.admin import OPERATORS, REFUSED
from query_api.schemas.admin import DeadLetterDetails, DeadLetterPage

router = APIRouter(prefix="/admin/dead-letters", tags=["admin"], dependencies=[OPERATORS])
PartsOf = Annotated[Parts, Depends(parts_of)]


@router.get("", response_model=DeadLetterPage, summary="Parked records", responses=REFUSED)
async def dead_letters(
    request: Request,
    parts: PartsOf,
    asked: AskedPage,
    topic: Annotated[Word | None, Query(description="Only records of this topic.")] = None,
    role: Annotated[Literal["poison", "behind"] | None, Query(description="Only those that are the cause.")] = None,
    key: Annotated[Word | None, Query(description="Only records of this stream.")] = None,
) -> Response:
    """In the order of the log. Where one record cannot be folded, the rest of its stream waits behind it."""
    letters = List(parts, "/admin/dead-letters", "operators", [("topic", topic), ("role", role), ("key", key)], asked)
    wanted = [
        *([of_topic(topic)] if topic is not None else []),
        *([of_role(role)] if role is not None else []),
        *([of_key(key)] if key is not None else []),
    ]
    after = None if letters.before is None else place_of(letters.before)
    rows, total = await AdminQueries(parts.queries).dead_letters(wanted, after, asked.offset, letters.wanted)
    items = [letter_document(row) for row in letters.shown(rows)]
    return letters.answer(request, rows, [letter_document(row)["id"] for row in rows], items, total)


@router.get(
    "/{letter_id}",
    response_model=DeadLetterDetails,
    summary="One parked record, and what was decided about it",
    responses=REFUSED | problems("not-found"),
)
async def dead_letter(letter_id: str, request: Request, parts: PartsOf) -> Response:
    """With the record's headers. Personal fields stay sealed; what should be sealed and is not is hidden."""
    place, queries = place_of(letter_id), AdminQueries(parts.queries)
    # Orders first: one that is told as done has done its work in what is read after it.
    orders = [order_document(order_of(found)) for found in await queries.orders(place)]
    row = await queries.dead_letter(place)
    if row is None and not orders:
        raise NotFound("There is no such dead letter.")
    told = {
        "id": str(place),
        "parked": row is not None,
        "record": None if row is None else letter_document(row),
        "headers": {} if row is None else headers_of(row),
        "value": None if row is None else value_of(row),
        "behind": 0 if row is None else await queries.behind(row),
        "orders": orders,
    }
    return document(request, told)
