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
SIGNED_IN: Final = ("unauthenticated", "rate-limited")
"""…and those that ask for an access token…"""
BODIES: Final = ("malformed-json", "too-slow", "too-large", "unsupported-media-type")
"""…those that take a body…"""
KEYED: Final = ("idempotency-key-reused", "in-flight")
"""…and those that honour an Idempotency-Key."""
