"""Where `ce_dataschema` of every event leads to: its JSON Schema, by type."""

from functools import cache
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.contract.schema import schema_of
from adapters.http.declared import Responses, problems
from domain.errors import NotFound
from domain.registry import EVENTS
from query_api.etags import NOT_MODIFIED, document

router = APIRouter(prefix="/events", tags=["operations"])
SCHEMA: Final = "application/schema+json"
_HEADERS: Final = {"cache-control": "public, max-age=300", "vary": "Accept-Encoding"}
TOLD: Final[Responses] = {
    200: {"description": "A JSON Schema (2020-12)", "content": {SCHEMA: {"schema": {"type": "object"}}}}
}


@router.get(
    "/{event_type}.schema.json",
    response_class=Response,
    summary="The JSON Schema of an event",
    responses=TOLD | NOT_MODIFIED | problems("malformed-request", "origin-refused", "invalid-input", "internal",
                                             "not-found"),
)  # fmt: skip
async def event_schema(event_type: str, request: Request) -> Response:
    """What the value of a record of this type holds (`ce_type`, like lathe.task.requested.v1). Personal fields are
    marked."""
    if event_type not in EVENTS:
        raise NotFound("There is no such type of event.")
    answer = document(request, _schema(event_type), _HEADERS)
    if answer.status_code == 200:
        answer.headers["content-type"] = SCHEMA
    return answer


@cache
def _schema(event_type: str) -> dict[str, Any]:
    """Of a type in EVENTS: the cache is as large as that."""
    return schema_of(event_type, EVENTS[event_type])
