"""Figures of an HTTP service, and the route that shows all figures of its process. The gateway lets nobody else in."""

import time
from typing import Final

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest
from starlette.responses import Response
from starlette.types import Scope

REQUEST_SECONDS: Final = Histogram(
    "lathe_http_request_duration_seconds",
    "Time from a request's first byte to its answer's last (to the first, where the answer is a stream of events)",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
ACCEPT_SECONDS: Final = Histogram(
    "lathe_accept_duration_seconds",
    "Time from the last byte of a request for tasks until they are accepted: their event is acknowledged by the broker",
    ["route"],
    buckets=(0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
SSE_CONNECTIONS: Final = Gauge("lathe_sse_connections", "Streams of events that are open")
NO_ROUTE: Final = "(none)"
"""The route of a request that matched none: its path could be anything."""
_RECEIVED: Final = "received_at"
_children: dict[tuple[str, str, int], Histogram] = {}

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def observe(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count one answered request. `route` is the template of its path."""
    key = (method, route or NO_ROUTE, status)
    child = _children.get(key)
    if child is None:
        # labels() costs as much as all the rest; there are few routes. Methods that nobody knows are one.
        known = method if method in _METHODS else "other"
        child = _children[key] = REQUEST_SECONDS.labels(known, key[1], status)
        if len(_children) > _MOST:
            _children.clear()
    child.observe(seconds)


def note_received(scope: Scope) -> None:
    """Call it with each part of a request that arrives: the last one counts."""
    scope.setdefault("state", {})[_RECEIVED] = time.perf_counter()


def observe_accepted(scope: Scope) -> None:
    """Count a request for tasks as accepted now. How long the client likes to wait for results comes after."""
    ACCEPT_SECONDS.labels(scope["route"].path).observe(time.perf_counter() - scope["state"][_RECEIVED])


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MOST: Final = 5000
