"""Conditional answers (RFC 9110, section 13): a document's tag is the hash of its bytes."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "You have it already (If-None-Match)"}}
"""Declares the answer to a condition that holds."""


def document(
    request: Request, content: Any, headers: Mapping[str, str] | None = None, *, version: int | None = None
) -> Response:
    """`content` as JSON with its ETag; 304 when the client has it already.

    `version` of what can be changed: the tag begins with it, and If-Match compares it (`"<version>-<hash>"`).
    """
    body = orjson.dumps(content)
    kind = "" if version is None else f"{version}-"
    tag = f'"{kind}{hashlib.sha256(body).hexdigest()[:32]}"'
    given = {"etag": tag, "cache-control": "private, no-cache", "vary": "Authorization", **(headers or {})}
    if matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=given)
    return Response(body, media_type="application/json", headers=given)


def matches(if_none_match: str | None, tag: str) -> bool:
    """Weak comparison of an If-None-Match header with a strong tag."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == tag for part in if_none_match.split(","))
