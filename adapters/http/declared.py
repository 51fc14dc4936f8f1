"""What an operation may answer besides its success, declared for the specification in one line.

`responses=problems(*ANYWHERE, *SIGNED_IN, "not-found")`: one entry per status, described by the catalogue's titles.
"""

from collections import defaultdict
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.http.catalogue import PROBLEMS

Responses = dict[int | str, dict[str, Any]]


class ProblemDocument(BaseModel):
    """RFC 9457 `application/problem+json`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/not-found"])
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[dict[str, Any]] = []


_SCHEMA: Final = {"$ref": "#/components/schemas/ProblemDocument"}
_RETRY_AFTER: Final = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}


def problems(*codes: str) -> Responses:
    """Declarations of the refusals with these codes. Raises KeyError for a code that the catalogue does not know."""
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in codes:
        by_status[PROBLEMS[code].status].append(code)
    return {status: _declared(status, found) for status, found in sorted(by_status.items())}


def _declared(status: int, codes: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": "; ".join(f"{PROBLEMS[code].en} (`{code}`)" for code in codes),
        "content": {"application/problem+json": {"schema": _SCHEMA}},
    }
    return told | ({"headers": _RETRY_AFTER} if status in (429, 503) else {})


ANYWHERE: Final = (
    *("malformed-request", "origin-refused", "invalid-input", "internal"),
    *("unavailable", "no-owner", "outcome-pending", "dependency-down", "stream-quarantined"),
)
"""What every operation may answer."""
READS: Final = (
    *("malformed-request", "origin-refused", "invalid-input", "internal"),
    *("unavailable", "dependency-down", "projection-behind"),
)
"""What every query may answer: like ANYWHERE, without what only decisions meet."""
SIGNED_IN: Final = ("unauthenticated", "rate-limited", "token-in-url")
"""…and those that ask for an access token…"""
BODIES: Final = ("malformed-json", "too-slow", "too-large", "unsupported-media-type")
"""…those that take a body…"""
KEYED: Final = ("idempotency-key-reused", "in-flight")
"""…and those that honour an Idempotency-Key."""


def header_of(name: str, description: str, example: str | None = None) -> dict[str, Any]:
    """A request header, for `openapi_extra`: handlers read it themselves, so it costs no request anything."""
    schema: dict[str, Any] = {"type": "string"} | ({"examples": [example]} if example is not None else {})
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


IDEMPOTENCY_KEY: Final = header_of(
    "Idempotency-Key",
    "1 to 255 printable ASCII characters. The same key and request again is answered alike, and done once.",
)
PREFER: Final = header_of(
    "Prefer", "`wait=N`: the result itself, if it is there within N (at most 60) seconds. RFC 7240.", "wait=30"
)
IF_MATCH: Final = header_of("If-Match", "An ETag that you got: do it only if nothing has changed since.")


def taking(*headers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """`openapi_extra` of an operation that takes these headers."""
    return {"parameters": list(headers), **more}


def success(status: int, description: str, *headers: str, **more: Any) -> Responses:
    """The declaration of a good answer and of the headers that come with it."""
    told = {name: {"schema": {"type": "string"}, "description": _ANSWER_HEADERS[name]} for name in headers}
    return {status: {"description": description, "headers": told, **more}}


_ANSWER_HEADERS: Final = {
    "Lathe-Position": "Where it stands in the log: a read with it as `min_position` is never older.",
    "Location": "Where to look",
    "Preference-Applied": "Which preference was honoured",
}
