"""Tasks: history and state."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from domain.errors import InvalidInput
from query_api import tasks
from query_api.etags import document
from query_api.freshness import Fresh
from query_api.pages import next_link, page
from query_api.parts import Parts, parts_of
from query_api.routes.schemas import Problems, Task, TaskPage

router = APIRouter(prefix="/generate", tags=["generate"], responses=Problems)
PartsOf = Annotated[Parts, Depends(parts_of)]
Status = Literal["queued", "running", "cancelling", "completed", "failed", "cancelled"]


@router.get("", response_model=TaskPage, dependencies=[Fresh], summary="History of your tasks")
async def history(
    request: Request,
    caller: CallerOf,
    parts: PartsOf,
    status: Annotated[list[Status] | None, Query(description="Only tasks in this state; may be repeated.")] = None,
    model: Annotated[str | None, Query(max_length=100, description="Only tasks of this model.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=100_000, description="Skip so many. `cursor` is better.")] = 0,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
) -> Response:
    """The newest first. `next` is the cursor of the following page, also given as a `Link` header."""
    if cursor is not None and offset:
        raise InvalidInput("Give either a cursor or an offset.", errors=[{"parameter": "offset", "in": "query"}])
    statuses = sorted(set(status or ()))
    of = (caller.account_id, ",".join(statuses), model or "")
    before = None if cursor is None else parts.cursors.read(of, cursor)
    await parts.freshness.settle(caller.account_id)
    rows, total = await parts.queries.tasks(
        caller.account_id, statuses=statuses, model=model, before=before, offset=offset, limit=limit + 1
    )
    more, rows = len(rows) > limit, rows[:limit]
    following = parts.cursors.make(of, rows[-1]["task_id"]) if more else None
    headers = {}
    if following is not None:
        filters: list[tuple[str, Any]] = [("status", name) for name in statuses]
        filters += [("model", model)] if model is not None else []
        headers["link"] = next_link("/generate", [*filters, ("limit", limit)], following)
    items = await tasks.documents(parts, rows)
    return document(request, page(items, total=total, limit=limit, offset=offset, following=following), headers)


@router.get("/{task_id}", response_model=Task, dependencies=[Fresh], summary="One task as it stands now")
async def task(task_id: str, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """Status, progress, place in the queue, cost. A task that was just accepted is waited for."""
    row = await tasks.task_of(parts, caller, task_id)
    return document(request, await tasks.document(parts, row))
