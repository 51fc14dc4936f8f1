"""The life of a task: as a live stream, or as a list."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from adapters.http.declared import READS, SIGNED_IN, Responses, problems
from domain.account.told import event_document
from domain.errors import InvalidInput
from query_api import tasks
from query_api.etags import NOT_MODIFIED, document
from query_api.negotiation import names, preferred
from query_api.parts import FreshParts, Parts
from query_api.queries import Row
from query_api.rendering import has_ended
from query_api.schemas.task import TaskEvents
from query_api.stream_callers import ListenerOf
from query_api.task_stream import TaskStream

router = APIRouter(prefix="/generate", tags=["generate"])
EVENT_STREAM: Final = "text/event-stream"
JSON: Final = "application/json"
_STREAM: Final = {"cache-control": "no-store", "x-accel-buffering": "no", "vary": "Accept, Authorization"}

TOLD: Final[Responses] = {
    200: {
        "content": {
            EVENT_STREAM: {
                "schema": {"description": "Server-sent events: `task` with an id, `progress` without one."},
                "example": 'id: 2\nevent: task\ndata: {"seq":2,"type":"started","status":"running"}\n\n'
                'event: progress\ndata: {"progress":0.4,"stage":"surface","attempt":1}\n\n',
            }
        }
    },
    204: {"description": "The task ended and everything was seen: do not come back"},
}


@router.get(
    "/{task_id}/events",
    response_model=TaskEvents,
    summary="Follow a task live (SSE), or list its events (JSON)",
    responses=TOLD | NOT_MODIFIED | problems(*READS, *SIGNED_IN, "not-found", "not-acceptable"),
)
async def events(
    task_id: str,
    request: Request,
    caller: ListenerOf,
    parts: FreshParts,
    after: Annotated[int, Query(ge=0, description="Only events after this task sequence.")] = 0,
    last_event_id: Annotated[
        str | None, Header(max_length=20, description="What a reconnecting client saw last.")
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> Response:
    """`event: task` has `id` = 1, 2, 3… without holes; `event: progress` has none, and only its newest is repeated.

    The stream ends after the terminal event. With `Accept: application/json` the answer is a list. A browser's
    EventSource shows a one-time `ticket`; for each new connection it takes a new one, and `after`.
    """
    seen = max(after, _sequence(last_event_id))
    row = await tasks.task_of(parts, caller, task_id)
    if seen > row["seq"]:
        row = await _at_least(parts, row, seen)
    if _representation(accept) == JSON:
        entries = await parts.queries.task_events(task_id, after=seen)
        told = {"items": [event_document(entry) for entry in entries]}
        return document(request, told, {"vary": "Accept, Authorization"})
    if has_ended(row["status"]) and seen >= row["seq"]:
        return Response(status_code=204)
    return StreamingResponse(TaskStream(parts, caller, row, seen).messages(), media_type=EVENT_STREAM, headers=_STREAM)


async def _at_least(parts: Parts, row: Row, seen: int) -> Row:
    """The task once it has the event `seen`, which another process may have told. Raises InvalidInput."""

    async def known() -> Row | None:
        found = await parts.queries.task(row["account_id"], row["task_id"])
        return found if found is not None and found["seq"] >= seen else None

    found = await parts.freshness.find(row["account_id"], known)
    if found is None:
        raise InvalidInput(f"The task has {row['seq']} events; number {seen} was never told.")
    return found


def _sequence(last_event_id: str | None) -> int:
    """Raises InvalidInput for what was never an id of ours."""
    if last_event_id is None or last_event_id == "":
        return 0
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 10):
        raise InvalidInput(
            "Last-Event-ID is not an id of this stream.",
            errors=[{"parameter": "Last-Event-ID", "in": "header", "detail": "A task sequence, like 3"}],
        )
    return int(last_event_id)


def _representation(accept: str) -> str:
    """A stream, unless JSON is preferred, or a person looks at it with a browser. Raises NotAcceptable."""
    person = names(accept, "text/html") and not names(accept, EVENT_STREAM)
    return preferred(accept, (JSON, EVENT_STREAM) if person else (EVENT_STREAM, JSON))
