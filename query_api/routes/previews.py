"""Pictures of models that are still being made, for their owner."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, Responses, problems
from adapters.object_store.port import ObjectMissing, object_key
from domain.account.results import preview_of
from domain.errors import NotFound
from query_api import tasks
from query_api.etags import NOT_MODIFIED, matches
from query_api.parts import FreshParts, Parts
from query_api.queries import Row

router = APIRouter(prefix="/generate", tags=["generate"])
LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a picture."""
_POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
PICTURE: Final[Responses] = {
    200: {
        "description": "A PNG",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    "/{task_id}/preview",
    summary="A picture of what is there of the model so far",
    response_class=Response,
    responses=PICTURE | NOT_MODIFIED | problems(*READS, *SIGNED_IN, "not-found"),
)
async def preview(
    task_id: str,
    request: Request,
    caller: CallerOf,
    parts: FreshParts,
    v: Annotated[
        str, Query(max_length=64, description="Changes with the picture; what is served is always the newest.")
    ] = "",
) -> Response:
    """`preview_url` of a running task leads here. Once it is completed, this is the picture of the result."""
    row = await tasks.task_of(parts, caller, task_id)
    finished = preview_of(row)
    sha256 = tasks.now_of(parts, row).preview if finished is None else finished["sha256"]
    if sha256 is None:
        sha256 = await _of_result(parts, row)
    headers = {
        "etag": f'"{sha256}"',
        "cache-control": "private, no-cache",
        "vary": "Authorization",
        "content-security-policy": _POLICY,
    }
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    try:
        content = await parts.store.get(object_key(caller.account_id, sha256), LARGEST)
    except ObjectMissing as error:
        raise NotFound("This picture is not there any more.") from error
    return Response(content, media_type="image/png", headers=headers)


async def _of_result(parts: Parts, row: Row) -> str:
    """The picture of a task that ended a moment ago: live feeds know that before the read models. Raises NotFound."""

    async def finished() -> str | None:
        found = await parts.queries.task(row["account_id"], row["task_id"])
        output = None if found is None else preview_of(found)
        return None if output is None else str(output["sha256"])

    sha256 = await parts.freshness.find(row["account_id"], finished)
    if sha256 is None:
        raise NotFound("There is no picture of this task yet.")
    return sha256
