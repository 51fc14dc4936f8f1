"""Cross-origin requests: only from the origins of `LATHE_CORS_ORIGINS`, compared exactly.

The page comes from the API's own origin and needs nothing of this. Credentials are never in cookies, so
`Access-Control-Allow-Credentials` is not sent.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.edge import add_header
from adapters.http.refusals import OriginRefused

_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_REQUEST_HEADERS: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, Range, X-Request-ID"
)
_EXPOSED: Final = (
    "Content-Disposition, Content-Range, ETag, Idempotency-Key, Lathe-Position, Link, Location, Preference-Applied, "
    "RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
)


class Cors:
    """ASGI middleware. `origins` are like `https://app.example`; `*` allows every site but never `null`."""

    def __init__(self, app: ASGIApp, origins: Iterable[str] = (), public_url: str | None = None) -> None:
        """Raises ValueError for an origin that is none, `null` included."""
        self.app = app
        self.origins = frozenset(origins)
        for origin in self.origins - {"*"}:
            parts = urlsplit(origin)
            plain = f"{parts.scheme}://{parts.netloc}"
            if parts.scheme not in ("http", "https") or not parts.netloc or plain != origin:
                raise ValueError(f"not an origin (scheme://host[:port], nothing more): {origin!r}")
        self.own = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.origins:
            add_header(scope, "vary", "Origin")
        if not any(name == b"origin" for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers["origin"]
        if self._is_own(origin, headers):
            await self.app(scope, receive, send)
            return
        if not (origin in self.origins or ("*" in self.origins and origin != "null")):
            raise OriginRefused(f"{origin[:200]} is not among the origins that may call this API.")
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(origin)(scope, receive, send)
            return

        add_header(scope, "access-control-allow-origin", origin)
        add_header(scope, "access-control-expose-headers", _EXPOSED)
        await self.app(scope, receive, send)

    def _is_own(self, origin: str, headers: Headers) -> bool:
        """Behind its scheme a page's own origin is what the request was sent to."""
        return origin == self.own or origin.partition("://")[2] == (headers.get("host") or None)


def _preflight(origin: str) -> Response:
    return Response(
        status_code=204,
        headers={
            "access-control-allow-origin": origin,
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": _REQUEST_HEADERS,
            "access-control-max-age": "600",
        },
    )
