"""The outermost layer of an HTTP service: pure ASGI, one pass over each request.

It names the request (`X-Request-ID`), drops a trailing slash (every path is served with and without one, and routes are
declared without), adds security headers, writes the access log, counts and traces the request, and answers unknown
exceptions. Route handlers find `request.state.request_id` and `request.state.traceparent`; what must be on every
answer, refusals too (`RateLimit`, CORS), is left by `add_header`.
"""

import logging
import re
import secrets
import time
from typing import Any, Final, Protocol

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.errors import Unavailable
from adapters.http.catalogue import language_of
from adapters.http.client_address import client_address
from adapters.http.metrics import NO_ROUTE, note_received, observe
from adapters.http.problems import internal_problem, problem_of
from adapters.telemetry import tracing
from adapters.telemetry.privacy import silent_trace
from adapters.telemetry.subject import bind
from domain.errors import DomainError

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._~-]{8,64}\Z")
_API_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)
_AUDITED: Final = frozenset(
    {"unauthenticated", "forbidden", "origin-refused", "rate-limited", "webhook-address-not-allowed"}
)
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: their good answers are no news."""
_HEADERS: Final = "answer_headers"
log = structlog.get_logger("http")


def add_header(scope: Scope, name: str, value: str) -> None:
    """Put a header (lower-case name) on the answer to this request, whoever makes the answer."""
    scope.setdefault("state", {}).setdefault(_HEADERS, {})[name] = value


class Audit(Protocol):
    """Where refusals that matter to security are noted (`adapters/postgres/audit.py`)."""

    def record(
        self,
        kind: str,
        *,
        account_id: str | None = None,
        address: str | None = None,
        request_id: str | None = None,
        **detail: Any,
    ) -> None: ...


class Edge:
    """Wrap an ASGI application: `Edge(app)`. Lifespan and other scopes pass through."""

    def __init__(self, app: ASGIApp, audit: Audit | None = None) -> None:
        self.app = app
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        # Servers run each request in a context of its own: nothing has to be unbound.
        bind(request_id=exchange.request_id, correlation_id=exchange.request_id, traceparent=exchange.span.traceparent)
        try:
            await self.app(scope, receive, exchange.send)
        except Exception as failure:  # noqa: BLE001 - the last place before the server: everything gets an answer
            await exchange.fail(failure, receive)
        finally:
            exchange.note_end()
            if self._audit is not None:
                exchange.note_refusal(self._audit)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self._send = scope, send
        self.began = time.perf_counter()
        given = traceparent = b""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
            elif name == b"traceparent":
                traceparent = value
        self.request_id = given.decode() if _REQUEST_ID.match(given) else secrets.token_hex(16)
        self.span = _span(scope, tracing.valid(traceparent.decode("latin-1")))
        self.state: dict[str, Any] = scope.setdefault("state", {})
        self.state["request_id"] = self.request_id
        self.state["traceparent"] = self.span.traceparent
        note_received(scope)
        self.status = 0
        self.streams = False
        self.complete = False
        self.took = 0.0
        self.sent = 0
        path = scope["path"]
        if len(path) > 1 and path[-1] == "/":
            scope["path"] = path[:-1]
            raw = scope.get("raw_path")
            if raw and raw.endswith(b"/"):
                scope["raw_path"] = raw[:-1]

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._complete(list(message.get("headers", ())))
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        await self._send(message)

    def _complete(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        given = {name.lower(): value for name, value in headers}
        self.streams = given.get(b"content-type", b"").startswith(b"text/event-stream")
        self.took = time.perf_counter() - self.began
        headers += [(name, value) for name, value in _ALWAYS if name not in given]
        headers.append((b"x-request-id", self.request_id.encode()))
        if not given.get(b"content-type", b"").startswith(b"text/html") and b"content-security-policy" not in given:
            headers.append((b"content-security-policy", _API_POLICY))
        for name, value in self.state.get(_HEADERS, {}).items():
            headers.append((name.encode(), value.encode()))
        return headers

    async def fail(self, failure: Exception, receive: Receive) -> None:
        """Answer what nobody below answered. Once an answer began, only cutting the connection is honest."""
        language = language_of(Headers(scope=self.scope).get("accept-language"))
        if isinstance(failure, ClientDisconnect):
            return
        if isinstance(failure, DomainError | Unavailable):
            self.state["problem"], self.state["problem_detail"] = failure.code, failure.detail
            answer = problem_of(failure, request_id=self.request_id, language=language)
        else:
            log.error("request failed", method=self.scope["method"], path=self._shown_path(), **silent_trace(failure))
            self.span.fail(type(failure).__name__)
            answer = internal_problem(request_id=self.request_id, language=language)
        if self.status == 0:
            await answer(self.scope, receive, self.send)
        elif not self.complete:
            raise failure

    def note_end(self) -> None:
        """The access log, the figures, and the end of the span."""
        method, status, route = self.scope["method"], self.status or 499, self._route()
        took = time.perf_counter() - self.began
        observe(method, route, status, self.took if self.streams else took)
        self.span.set(f"{method} {route or NO_ROUTE}", http__route=route, http__response__status_code=status)
        if status >= 500:
            self.span.fail(str(status))
        self.span.end()
        level = logging.DEBUG if self.scope["path"] in _PROBES and status < 400 else logging.INFO
        if not log.is_enabled_for(level):
            return
        log.log(
            level,
            "request",
            method=method,
            path=self._shown_path(),
            status=status,
            ms=round(took * 1000, 2),
            bytes=self.sent,
            client=client_address(self.scope),
            account=self.state.get("account_id"),
            **self._of_path(),
        )

    def _of_path(self) -> dict[str, str]:
        task_id = self.scope.get("path_params", {}).get("task_id")
        return {"task_id": task_id} if isinstance(task_id, str) and _REQUEST_ID.match(task_id.encode()) else {}

    def note_refusal(self, audit: Audit) -> None:
        """Audit a refusal that may be an attack. A request that just lacks a token is none."""
        kind = self.state.get("problem")
        tried = "authorization" in Headers(scope=self.scope) or self.scope["method"] == "POST"
        if kind in _AUDITED and (tried or kind != "unauthenticated"):
            audit.record(
                kind,
                account_id=self.state.get("account_id"),
                address=client_address(self.scope),
                request_id=self.request_id,
                method=self.scope["method"],
                path=self._shown_path(),
                user_id=self.state.get("user_id"),
                why=self.state["problem_detail"],
            )

    def _route(self) -> str | None:
        route: BaseRoute | None = self.scope.get("route")
        template = getattr(route, "path", None)
        return template if isinstance(template, str) else None

    def _shown_path(self) -> str:
        """The route's template: paths can hold names, and names are personal."""
        return self._route() or NO_ROUTE


def _span(scope: Scope, parent: str | None) -> tracing.AnySpan:
    if scope["path"] in _PROBES:
        return tracing.Untraced(parent)
    return tracing.start(scope["method"], parent, "server", http__request__method=scope["method"])
