"""JSON bodies read strictly: what I-JSON (RFC 7493) excludes is refused, with pointers to the places.

Repeated members, NaN and Infinity, numbers beyond a double or 64 bits, negative zero, nesting over 64 levels, lone
surrogates and U+0000 (PostgreSQL takes neither) never get further than this. `StrictRoute` makes FastAPI read bodies
this way, so that routes declare plain Pydantic models and stay documented.
"""

import json
import math
import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.problems import pointer_of
from adapters.http.refusals import MalformedJson, UnsupportedMedia

MAX_DEPTH: Final = 64
_SUSPICIOUS: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_BRACKETS_OR_STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


class _Fault:
    """Stands in the parsed tree where something was refused."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


class _Reader:
    """One parse; `faulty` tells whether the tree must be walked for faults."""

    def __init__(self) -> None:
        self.faulty = False

    def fault(self, why: str) -> _Fault:
        self.faulty = True
        return _Fault(why)

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            for name, _ in pairs:
                if name in seen:
                    found[name] = self.fault("This member stands here more than once")
                seen.add(name)
        return found

    def integer(self, literal: str) -> int | _Fault:
        if len(literal) > 20 or not -(2**63) <= (value := int(literal)) < 2**63:
            return self.fault("The number does not fit 64 bits")
        return self.fault("Negative zero is not a number here") if literal == "-0" else value

    def real(self, literal: str) -> float | _Fault:
        value = float(literal)
        if not math.isfinite(value):
            return self.fault("The number is too large")
        return self.fault("Negative zero is not a number here") if value == 0 and literal[0] == "-" else value

    def constant(self, literal: str) -> _Fault:
        return self.fault(f"{literal} is not JSON")


def parse_strictly(body: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises MalformedJson with `errors` rows of {pointer, detail}."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not UTF-8 (byte {error.start}).") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _refuse_depth(text)
    reader = _Reader()
    try:
        value = json.loads(
            text,
            object_pairs_hook=reader.members,
            parse_int=reader.integer,
            parse_float=reader.real,
            parse_constant=reader.constant,
        )
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at line {error.lineno}, column {error.colno}.") from None
    if reader.faulty or _SUSPICIOUS.search(text):
        rows = [{"pointer": pointer_of(path), "detail": why} for path, why in _faults(value, ())]
        if rows:
            raise MalformedJson(f"{rows[0]['pointer']}: {rows[0]['detail']}.", errors=rows[:20])
    return value


def text_fault(text: str) -> str | None:
    """Why a text cannot be stored: U+0000 or a lone surrogate. None if it can."""
    if "\x00" in text:
        return "The text contains U+0000"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "The text contains a lone surrogate"
    return None


def _faults(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, _Fault):
        yield path, value.why
    elif isinstance(value, str):
        if why := text_fault(value):
            yield path, why
    elif isinstance(value, dict):
        for name, item in value.items():
            if text_fault(name):
                yield path, "The name of a member contains U+0000 or a lone surrogate"
            else:
                yield from _faults(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, (*path, index))


def _refuse_depth(text: str) -> None:
    depth = 0
    for match in _BRACKETS_OR_STRINGS.finditer(text):
        token = match[0]
        if token in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedJson(f"The body is nested more than {MAX_DEPTH} levels deep.")
        elif token in "]}":
            depth -= 1


def require_json(request: Request) -> None:
    """Raise UnsupportedMedia if the request has a body of another type than JSON (in UTF-8)."""
    headers = request.headers
    if headers.get("content-length", "0" if "transfer-encoding" not in headers else "") == "0":
        return
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    if media_type != "application/json" and not (media_type.startswith("application/") and media_type[-5:] == "+json"):
        raise UnsupportedMedia(f"The body must be application/json, not {media_type[:80] or 'untyped'}.")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise UnsupportedMedia("JSON is UTF-8 (RFC 8259); send it without another charset.")


class StrictRequest(Request):
    """A request whose `json()` is strict."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse_strictly(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """`APIRouter(route_class=StrictRoute)`: bodies of its routes are read by `parse_strictly`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, Form)

        async def strictly(request: Request) -> Response:
            if takes_json:
                require_json(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
