"""The one place where failures become HTTP answers: RFC 9457 `application/problem+json`.

Domain refusals and unavailability carry their own code; what frameworks raise is mapped by status. Unknown exceptions
are logged by `adapters/http/edge.py` and answered by `internal_problem` without a word about their cause.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from adapters.errors import OutcomePending, Unavailable
from adapters.http.catalogue import CODE_OF_STATUS, PROBLEMS, language_of, title_of
from adapters.http.outages import OUTAGES, outage_of
from domain.errors import DomainError

log = structlog.get_logger("http")
_COME_AGAIN: Final = {429: 10.0, 503: 60.0}
"""Seconds to wait after a refusal that does not say when to come again."""


def problem(
    code: str,
    detail: str,
    *,
    request_id: str,
    language: str = "en",
    status: int | None = None,
    members: Mapping[str, Any] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document. `members` are extension members, `errors` rows of {pointer | parameter, detail}."""
    status = PROBLEMS[code].status if status is None else status
    document: dict[str, Any] = dict(members or {})
    document |= {
        "type": f"/problems/{code}",
        "title": title_of(code, language),
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }
    if errors:
        document["errors"] = list(errors)
    answer = Response(orjson.dumps(document), status, media_type="application/problem+json")
    answer.headers["content-language"] = language
    answer.headers["vary"] = "Accept-Language"
    answer.headers["cache-control"] = "no-store"
    if code == "too-slow":
        # The rest of the body is not waited for. (That of one too large is read and dropped by the server: closing
        # under a client that still sends would lose it the answer.)
        answer.headers["connection"] = "close"
    if status == 401:
        answer.headers["www-authenticate"] = 'Bearer realm="lathe"'
    for name, value in (headers or {}).items():
        answer.headers[name] = value
    return answer


def problem_of(failure: DomainError | Unavailable, *, request_id: str, language: str) -> Response:
    """The answer to a refusal or to something that is away."""
    headers: dict[str, str] = {}
    members: dict[str, Any] = {}
    errors: list[Mapping[str, Any]] = []
    retry_after: float | None = None
    if isinstance(failure, DomainError):
        members = dict(failure.extra)
        retry_after = members.pop("retry_after_s", None)
        pointer = members.pop("pointer", None)
        errors = list(members.pop("errors", ()))
        if pointer is not None and not errors:
            errors = [{"pointer": pointer, "detail": failure.detail}]
        if failure.status in _COME_AGAIN:
            retry_after = retry_after or _COME_AGAIN[failure.status]
        if failure.status == 416 and "size" in members:
            headers["content-range"] = f"bytes */{members['size']}"
    else:
        retry_after = failure.retry_after_s
        if isinstance(failure, OutcomePending) and failure.idempotency_key:
            headers["idempotency-key"] = failure.idempotency_key
    if retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(retry_after)))
    return problem(
        failure.code if failure.code in PROBLEMS else "refused",
        failure.detail,
        request_id=request_id,
        language=language,
        status=failure.status,
        members=members,
        errors=errors,
        headers=headers,
    )


def internal_problem(*, request_id: str, language: str) -> Response:
    """500. The cause stands in the log under the same request id."""
    detail = "The request could not be finished because of a fault on our side. It is logged under this request id."
    return problem("internal", detail, request_id=request_id, language=language)


_IN_JSONS_WORDS: Final = {
    "extra_forbidden": "Unknown member",
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "This must be a JSON object"),
    **dict.fromkeys(("list_type", "tuple_type"), "This must be a JSON array"),
}
"""For errors that Pydantic tells in Python's words."""


def error_rows(errors: Sequence[Any]) -> list[dict[str, Any]]:
    """Pydantic's errors as rows {pointer, detail} for bodies, {parameter, in, detail} for all else.

    Input values are left out: they may be secrets.
    """
    rows: list[dict[str, Any]] = []
    for error in errors:
        place, *path = error["loc"] or ("body",)
        detail = _IN_JSONS_WORDS.get(error["type"]) or str(error["msg"])
        if place == "body":
            rows.append({"pointer": pointer_of(path), "detail": detail})
        else:
            rows.append({"parameter": str(path[0]) if path else place, "in": place, "detail": detail})
    return rows


def body_errors(error: ValidationError) -> list[Any]:
    """Pydantic's errors of a body that a handler validated itself, placed as FastAPI places those of a body."""
    rows = error.errors(include_url=False, include_context=False)
    return [{**row, "loc": ("body", *row["loc"])} for row in rows]


def pointer_of(path: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def request_id_of(request: Request) -> str:
    """The id that `adapters/http/edge.py` gave the request."""
    return str(getattr(request.state, "request_id", ""))


def install_problems(app: FastAPI) -> None:
    """Make `app` answer every failure with a problem document."""
    app.add_exception_handler(DomainError, _known)
    app.add_exception_handler(Unavailable, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for outage in OUTAGES:
        app.add_exception_handler(outage, _away)
    # Starlette raises the failure again after this answer; the edge logs it there.
    app.add_exception_handler(Exception, _unknown)


async def _known(request: Request, failure: Exception) -> Response:
    if not isinstance(failure, DomainError | Unavailable):
        raise failure
    if isinstance(failure, OutcomePending) and failure.idempotency_key is None:
        failure.idempotency_key = getattr(request.state, "idempotency_key", None)
    request.state.problem, request.state.problem_detail = failure.code, failure.detail
    language = language_of(request.headers.get("accept-language"))
    return problem_of(failure, request_id=request_id_of(request), language=language)


async def _away(request: Request, failure: Exception) -> Response:
    log.warning("a dependency is away", exc_info=failure)
    return await _known(request, outage_of(failure))


async def _unknown(request: Request, failure: Exception) -> Response:
    if isinstance(failure, ClientDisconnect):
        return Response(status_code=400)  # nobody is there to read it
    language = language_of(request.headers.get("accept-language"))
    return internal_problem(request_id=request_id_of(request), language=language)


async def _invalid(request: Request, failure: Exception) -> Response:
    if not isinstance(failure, RequestValidationError):
        raise failure
    rows = error_rows(failure.errors())
    first = rows[0] if rows else {"detail": "The request does not match its schema"}
    where = first.get("pointer") or first.get("parameter") or ""
    more = f" ({len(rows)} errors in all)" if len(rows) > 1 else ""
    return problem(
        "invalid-input",
        f"{where}: {first['detail']}{more}" if where else f"{first['detail']}{more}",
        request_id=request_id_of(request),
        language=language_of(request.headers.get("accept-language")),
        errors=rows,
    )


async def _http(request: Request, failure: Exception) -> Response:
    if not isinstance(failure, HTTPException):
        raise failure
    # FastAPI wraps whatever reading the body raised into a bare 400: the cause is the true answer.
    if isinstance(failure.__cause__, DomainError | Unavailable):
        return await _known(request, failure.__cause__)
    status = failure.status_code
    code = CODE_OF_STATUS.get(status, "refused" if status < 500 else "internal")
    detail = str(failure.detail)
    headers = dict(failure.headers or {})
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"  # adapters/http/heads.py
    if code == "not-found" and detail == "Not Found":
        detail = "Nothing is served at this path."
    elif code == "method-not-allowed":
        detail = f"{request.method} is not offered here."
    return problem(
        code,
        detail,
        request_id=request_id_of(request),
        language=language_of(request.headers.get("accept-language")),
        status=status,
        headers=headers,
    )
