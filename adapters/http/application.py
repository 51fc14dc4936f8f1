"""One way to make the FastAPI application of a service, so that both services behave alike."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from adapters.http.behind_gateway import BehindGateway
from adapters.http.body_limits import MIB, BodyLimits, LimitBodies
from adapters.http.cors import Cors
from adapters.http.direct import DirectLane
from adapters.http.edge import Audit, Edge
from adapters.http.heads import AnswerHeads
from adapters.http.problems import install_problems
from adapters.http.strict_json import StrictRoute
from adapters.http.unread_bodies import TakeUnread
from adapters.settings import Settings


def make_application(**options: Any) -> FastAPI:
    """A FastAPI application with problem documents, strict JSON and no redirects. `options` go to FastAPI."""
    app = FastAPI(redirect_slashes=False, **options)
    app.router.route_class = StrictRoute
    install_problems(app)
    return app


def include(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """All routes of `routers`, in their order."""
    routers = tuple(routers)
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]


def with_edge(app: FastAPI, settings: Settings, audit: Audit | None = None) -> ASGIApp:
    """What the server serves: the edge around HEAD, cross-origin rules and body limits around `app`.

    Refusals that matter to security are noted in `audit`.
    Call it after all routes are added. Raises ValueError for a route declared with a trailing slash: it would never
    match, because the edge drops the slash.
    """
    for route in app.routes:
        path = getattr(route, "path", "")
        if len(path) > 1 and path.endswith("/"):
            raise ValueError(f"declare {path} without its trailing slash; it is served with and without one")
    limits = BodyLimits(
        json_bytes=settings.limits.max_json_mb * MIB,
        # The file, and room for the other fields and the multipart framing.
        multipart_bytes=(settings.limits.largest_file_mb + 1) * MIB,
    )
    inner = LimitBodies(DirectLane(app, getattr(app.state, "routes", ())), limits)
    edge = TakeUnread(Edge(AnswerHeads(Cors(inner, settings.cors_origins, settings.public_url)), audit))
    return BehindGateway(edge, settings.trusted_proxies) if settings.trusted_proxies else edge
