"""The few routes that carry the load, served without FastAPI's layers, which take half of a short request's time.

A `DirectRoute` is declared like any other and stands in the specification; what it may ask for is the request and
dependencies that need nothing but the request. Everything else (bodies, queries, paths) it reads itself. `DirectLane`
serves these routes by an exact match of method and path, and leaves all else to FastAPI.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, get_args

from fastapi import FastAPI, params
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.http.strict_json import StrictRequest, StrictRoute

Serve = Callable[[Request], Awaitable[Response]]


class DirectRoute(StrictRoute):
    """`APIRouter(route_class=DirectRoute)`: every route of this router is direct."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Raises TypeError for an endpoint that asks for more than the request gives, or for a path with parameters."""
        if "{" in path or options.get("dependencies"):
            raise TypeError(f"{path}: a direct route has one path, and no dependencies beside its endpoint's")
        self.serve = _serving(endpoint)
        super().__init__(path, endpoint, **options)


class DirectLane:
    """ASGI: `DirectLane(app, routes)`. Failures go to the handlers of `app`, as those of its other routes do."""

    def __init__(self, app: FastAPI, routes: Iterable[DirectRoute]) -> None:
        self.app = app
        self._routes: Final = {(method, route.path): route for route in routes for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["app"], scope["route"], scope["endpoint"] = self.app, route, route.endpoint
        request = StrictRequest(scope, receive)
        try:
            answer = await route.serve(request)
        except Exception as failure:
            handler = self._handler(failure)
            if handler is None:
                raise
            answer = await handler(request, failure)
        await answer(scope, receive, send)

    def _handler(self, failure: Exception) -> Any:
        """The handler of the nearest class; unknown failures are the edge's, which logs and answers them."""
        handlers = self.app.exception_handlers
        return next((handlers[kind] for kind in type(failure).__mro__[:-3] if kind in handlers), None)


def _serving(endpoint: Callable[..., Any]) -> Serve:
    """`endpoint` as a function of the request alone."""
    asked: list[tuple[str, Callable[..., Awaitable[Any]] | None]] = []
    for name, parameter in inspect.signature(endpoint, eval_str=True).parameters.items():
        if parameter.annotation is Request:
            asked.append((name, None))
            continue
        given = [note for note in get_args(parameter.annotation)[1:] if isinstance(note, params.Depends)]
        if len(given) != 1 or given[0].dependency is None:
            raise TypeError(f"{endpoint.__qualname__}: a direct route cannot give {name}")
        asked.append((name, given[0].dependency))

    async def serve(request: Request) -> Response:
        values = {name: request if find is None else await find(request) for name, find in asked}
        answer: Response = await endpoint(**values)
        return answer

    return serve
