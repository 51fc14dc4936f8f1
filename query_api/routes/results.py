"""Results of finished tasks."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, problems
from adapters.object_store.reports import result_of
from domain.errors import NotInState
from query_api import tasks
from query_api.etags import NOT_MODIFIED, document
from query_api.parts import FreshParts
from query_api.rendering import has_ended
from query_api.schemas.result import Result

router = APIRouter(prefix="/generate", tags=["generate"])
REFUSED: Final = problems(*READS, *SIGNED_IN, "not-found", "wrong-state", "no-result")


@router.get(
    "/{task_id}/result",
    response_model=Result,
    summary="The files of a finished task",
    responses=NOT_MODIFIED | REFUSED,
)
async def result(task_id: str, request: Request, caller: CallerOf, parts: FreshParts) -> Response:
    """409 while it is not finished, 410 with the reason when it failed or was cancelled."""
    row = await tasks.task_of(parts, caller, task_id)
    if not has_ended(row["status"]):
        raise NotInState(f"The task is {row['status']}; there is no result yet.", task_status=row["status"])
    return document(request, await result_of(parts.store, row["account_id"], row))
