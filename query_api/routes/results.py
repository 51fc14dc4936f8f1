"""Results of finished tasks."""

from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, problems
from domain.errors import DomainError, NotInState
from query_api import tasks
from query_api.etags import NOT_MODIFIED, document
from query_api.freshness import Fresh
from query_api.parts import Parts, parts_of
from query_api.queries import Row
from query_api.rendering import file_url, has_ended, output_document, preview_of, problem_document
from query_api.schemas.result import Result

router = APIRouter(prefix="/generate", tags=["generate"])
REFUSED: Final = problems(*READS, *SIGNED_IN, "not-found", "wrong-state", "no-result")
_ASIDE = ("preview", "report")
"""Outputs that are told in other members than `outputs`."""


class NoResult(DomainError):
    """The task failed or was cancelled: there will never be a result."""

    code: ClassVar[str] = "no-result"
    status: ClassVar[int] = 410
    title: ClassVar[str] = "There is no result"


@router.get(
    "/{task_id}/result",
    response_model=Result,
    dependencies=[Fresh],
    summary="The files of a finished task",
    responses=NOT_MODIFIED | REFUSED,
)
async def result(
    task_id: str, request: Request, caller: CallerOf, parts: Annotated[Parts, Depends(parts_of)]
) -> Response:
    """409 while it is not finished, 410 with the reason when it failed or was cancelled."""
    row = await tasks.task_of(parts, caller, task_id)
    if not has_ended(row["status"]):
        raise NotInState(f"The task is {row['status']}; there is no result yet.", task_status=row["status"])
    if row["status"] != "completed":
        raise await _refusal(parts, row)
    return document(request, await _result(parts, row))


async def _result(parts: Parts, row: Row) -> dict[str, Any]:
    outputs = row["outputs"] or []
    preview = preview_of(row)
    report = next((o["sha256"] for o in outputs if o["format"] == "report"), None)
    said = {} if report is None else await tasks.report_of(parts, row["account_id"], report)
    return {
        "task_id": row["task_id"],
        "outputs": [output_document(o) for o in outputs if o["format"] not in _ASIDE],
        "report": said.get("report", {}),
        "preview_url": None if preview is None else file_url(preview["file_id"]),
        "understood": said.get("understood", {}),
        "ignored": said.get("ignored", []),
    }


async def _refusal(parts: Parts, row: Row) -> NoResult:
    if row["status"] == "cancelled":
        return NoResult(f"The task was cancelled ({row['reason']}).", task_status="cancelled", reason=row["reason"])
    text = await tasks.problem_text(parts, row)
    problem = problem_document(row, text)
    return NoResult(text or "The task failed; its price was refunded.", task_status="failed", problem=problem)
