"""Tasks: history and state."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, problems
from adapters.http.direct import DirectRoute
from query_api import tasks
from query_api.etags import NOT_MODIFIED, document
from query_api.lists import AskedPage, List, Since, Until, Word, in_time
from query_api.parts import FreshParts
from query_api.schemas.task import Status, Task, TaskPage
from query_api.task_queries import TaskFilter

router = APIRouter(prefix="/generate", tags=["generate"], route_class=DirectRoute)


@router.get(
    "",
    response_model=TaskPage,
    summary="History of your tasks",
    responses=NOT_MODIFIED | problems(*READS, *SIGNED_IN),
)
async def history(
    request: Request,
    caller: CallerOf,
    parts: FreshParts,
    asked: AskedPage,
    status: Annotated[list[Status] | None, Query(description="Only tasks in this state; may be repeated.")] = None,
    model: Annotated[Word | None, Query(description="Only tasks of this model.")] = None,
    kind: Annotated[Word | None, Query(description="Only tasks of this kind, like `generate`.")] = None,
    created_after: Since = None,
    created_before: Until = None,
    q: Annotated[
        Word | None,
        Query(
            description="Part of a model, state, reason or problem code, or the beginning of a task id. Prompts are "
            "encrypted and cannot be searched."
        ),
    ] = None,
) -> Response:
    """The newest first. `next` is the cursor of the following page, also given as a `Link` header."""
    since, until = in_time("created_after", created_after), in_time("created_before", created_before)
    statuses = sorted(set(status or ()))
    filters = [("status", statuses), ("model", model), ("kind", kind), ("created_after", since),
               ("created_before", until), ("q", q)]  # fmt: skip
    tasks_ = List(parts, "/generate", caller.account_id, filters, asked)
    wanted = TaskFilter(caller.account_id, statuses, model, kind, since, until, q)
    before = tasks_.before
    await parts.freshness.settle(caller.account_id)
    rows, total = await parts.queries.tasks(wanted, before=before, offset=asked.offset, limit=tasks_.wanted)
    items = await tasks.documents(parts, tasks_.shown(rows))
    return tasks_.answer(request, rows, [row["task_id"] for row in rows], items, total)


@router.get(
    "/{task_id}",
    response_model=Task,
    summary="One task as it stands now",
    responses=NOT_MODIFIED | problems(*READS, *SIGNED_IN, "not-found"),
)
async def task(task_id: str, request: Request, caller: CallerOf, parts: FreshParts) -> Response:
    """Status, progress, place in the queue, cost. A task that was just accepted is waited for."""
    row = await tasks.task_of(parts, caller, task_id)
    return document(request, await tasks.document(parts, row), version=row["seq"])
