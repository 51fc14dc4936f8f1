"""The bytes of files."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, Responses, problems
from adapters.http.reached_at import reached_at
from adapters.object_store.port import ObjectMissing, object_key
from domain.account.names import ENDINGS
from domain.errors import NotFound
from query_api import files
from query_api.etags import NOT_MODIFIED, matches
from query_api.parts import FreshParts, Parts
from query_api.queries import Row
from query_api.ranges import range_of

router = APIRouter(prefix="/files", tags=["files"])
_SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""Types that a browser may show in place; all others are saved."""
URL_SECONDS: Final = 300
_POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"

_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_JSON: Final = {"schema": {"description": "Any JSON, as it was uploaded."}}
_ANY: Final = {"content": dict.fromkeys(sorted(ENDINGS), _BINARY) | {"application/json": _JSON}}
"""What uploads and the engines' usual formats are stored as; an engine may add types of its own."""
BYTES: Final[Responses] = {
    200: _ANY,
    206: {"description": "The range that was asked for", **_ANY},
    307: {"description": "With redirect=1: where the object store serves it"},
}


@router.get(
    "/{file_id}",
    summary="The bytes of a file",
    response_class=Response,
    responses=BYTES
    | NOT_MODIFIED
    | problems(*READS, *SIGNED_IN, "not-found", "ambiguous-name", "range-not-satisfiable"),
)
async def file(
    file_id: str,
    request: Request,
    caller: CallerOf,
    parts: FreshParts,
    redirect: Annotated[bool, Query(description="Answer with a short-lived URL of the object store.")] = False,
) -> Response:
    """`file_id` is the id, the stored name `<id>.<ending>`, or the file's own name if no other file has it."""
    row = await files.file_of(parts, caller, file_id)
    key = object_key(caller.account_id, row["sha256"])
    headers = await _headers(parts, row)
    if redirect:
        url = parts.presigner.presign_get(
            key,
            URL_SECONDS,
            media_type=row["media_type"],
            disposition=headers["content-disposition"],
            reached_at=reached_at(request, parts.settings),
        )
        return RedirectResponse(url, 307, {"cache-control": "private, no-store"})
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if wanted is not None and request.headers.get("if-range", headers["etag"]) != headers["etag"]:
        wanted = None
    part = range_of(wanted, row["bytes"])
    first, length = part or (0, row["bytes"])
    headers["content-length"] = str(length)
    if part is not None:
        headers["content-range"] = f"bytes {first}-{first + length - 1}/{row['bytes']}"
    status = 200 if part is None else 206
    content = await _begun(parts.store.stream(key, first, length))
    return StreamingResponse(content, status, headers, media_type=row["media_type"])


async def _headers(parts: Parts, row: Row) -> dict[str, str]:
    name = await files.name_of(parts, row)
    how = "inline" if row["media_type"] in _SHOWN else "attachment"
    return {
        "etag": f'"{row["sha256"]}"',
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=3600",
        "vary": "Authorization",
        "content-disposition": f"{how}; filename=\"{_ascii(name)}\"; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": _POLICY,
    }


def _ascii(name: str) -> str:
    """For clients that do not know `filename*` (RFC 6266, appendix D)."""
    return "".join(c if 32 <= ord(c) < 127 and c not in '"\\%' else "_" for c in name)


async def _begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, once the first is there: what fails before it is still a proper answer."""
    try:
        first = await anext(chunks, b"")
    except ObjectMissing as error:
        raise NotFound("The bytes of this file are not there any more.") from error

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return all_of_them()
