"""The few routes that carry the load, served without FastAPI's layers, which take half of a short request's time.

A `DirectRoute` is declared like any other and stands in the specification. It may ask for the request, texts of its
path and query, and dependencies that ask for no more; bodies it reads itself. `DirectLane` serves these routes, and
leaves all else to FastAPI.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, get_args

from fastapi import FastAPI, params
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from adapters.http.strict_json import StrictRequest, StrictRoute

Find = Callable[[Request], Awaitable[Any]]


class DirectRoute(StrictRoute):
    """`APIRouter(route_class=DirectRoute)`: every route of this router is direct."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Raises TypeError for an endpoint or a dependency that asks for what a direct route cannot give."""
        self._first: Final = [_finding(given.dependency) for given in options.get("dependencies") or ()]
        self._endpoint: Final = _finding(endpoint)
        super().__init__(path, endpoint, **options)

    async def serve(self, request: Request) -> Response:
        """The answer to a request whose scope has the path's parameters. Raises what the endpoint raises."""
        for find in self._first:
            await find(request)
        answer: Response = await self._endpoint(request)
        return answer


class DirectLane:
    """ASGI. `routes`: all of `app`, in their order; failures go to its handlers, whichever way a request takes."""

    def __init__(self, app: FastAPI, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self._whole: Final[dict[tuple[str, str], APIRoute]] = {}
        self._patterns: Final[list[DirectRoute]] = []
        for route in routes:
            if isinstance(route, APIRoute) and "{" not in route.path:
                self._whole.update({(method, route.path): route for method in route.methods or ()})
            elif isinstance(route, DirectRoute):
                self._patterns.append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._route(scope) if scope["type"] == "http" else None
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

    def _route(self, scope: Scope) -> DirectRoute | None:
        """Paths without parameters come before those with some, as they are declared."""
        whole = self._whole.get((scope["method"], scope["path"]))
        if whole is not None:
            return whole if isinstance(whole, DirectRoute) else None
        for route in self._patterns:
            if scope["method"] in (route.methods or ()) and (found := route.path_regex.match(scope["path"])):
                scope["path_params"] = found.groupdict()
                return route
        return None

    def _handler(self, failure: Exception) -> Any:
        """The handler of the nearest class; unknown failures are the edge's, which logs and answers them."""
        handlers = self.app.exception_handlers
        return next((handlers[kind] for kind in type(failure).__mro__[:-3] if kind in handlers), None)


def _finding(function: Callable[..., Any] | None) -> Find:
    """An endpoint or a dependency as a function of the request alone."""
    if function is None:
        raise TypeError("a dependency without a function")
    asked: dict[str, Find | None] = {}
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        notes = get_args(parameter.annotation)[1:]
        if parameter.annotation is Request:
            asked[name] = None
        elif any(isinstance(note, params.Security) for note in notes):
            continue  # it stands there for the specification alone
        elif given := [note for note in notes if isinstance(note, params.Depends)]:
            asked[name] = _finding(given[0].dependency)
        elif parameter.annotation is str:
            asked[name] = _in_path(name)
        elif any(isinstance(note, params.Query) for note in notes) and get_args(parameter.annotation)[0] == str | None:
            asked[name] = _in_query(name)
        else:
            raise TypeError(f"{function.__qualname__}: a direct route cannot give {name}")

    async def find(request: Request) -> Any:
        return await function(
            **{name: request if part is None else await part(request) for name, part in asked.items()}
        )

    return find


def _in_path(name: str) -> Find:
    async def find(request: Request) -> str:
        return str(request.path_params[name])

    return find


def _in_query(name: str) -> Find:
    async def find(request: Request) -> str | None:
        return request.query_params.get(name)

    return find
