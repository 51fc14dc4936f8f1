"""The few routes that carry the load, served without FastAPI's layers, which take half of a short request's time.

A `DirectRoute` is declared like any other and stands in the specification. It may ask for the request, texts of its
path, parameters of the query, and dependencies that ask for no more; bodies it reads itself. `DirectLane` serves these
routes, and leaves all else to FastAPI.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final, get_args, get_origin

from fastapi import FastAPI, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from adapters.http.strict_json import StrictRequest, StrictRoute

Find = Callable[[Request], Awaitable[Any]]


class DirectRoute(StrictRoute):
    """`APIRouter(route_class=DirectRoute)`: every route of this router is direct."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Raises TypeError for an endpoint that asks for what a direct route cannot give."""
        if options.get("dependencies"):
            raise TypeError(f"{path}: what a direct route depends on stands among its parameters, in their order")
        self._endpoint: Final = _Called(endpoint)
        super().__init__(path, endpoint, **options)

    async def serve(self, request: Request) -> Response:
        """The answer to a request whose scope has the path's parameters. Raises what the endpoint raises."""
        try:
            arguments = await self._endpoint.arguments(request)
        except _Unsound as unsound:
            raise RequestValidationError(unsound.errors) from None
        answer: Response = await self._endpoint.function(**arguments)
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


class _Unsound(Exception):
    """Parameters of the query that are not what they should be. `errors`: as pydantic tells them."""

    def __init__(self, errors: list[Any]) -> None:
        super().__init__(f"{len(errors)} parameters are unsound")
        self.errors = errors


class _Called:
    """An endpoint or a dependency as a function of the request alone."""

    def __init__(self, function: Callable[..., Any] | None) -> None:
        if function is None:
            raise TypeError("a dependency without a function")
        self.function = function
        self._asked: dict[str, Find] = {}
        for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
            notes = get_args(parameter.annotation)[1:]
            if parameter.annotation is Request:
                self._asked[name] = _itself
            elif any(isinstance(note, params.Security) for note in notes):
                continue  # it stands there for the specification alone
            elif given := [note for note in notes if isinstance(note, params.Depends)]:
                self._asked[name] = _Called(given[0].dependency)
            elif parameter.annotation is str:
                self._asked[name] = _in_path(name)
            elif any(isinstance(note, params.Query) for note in notes):
                self._asked[name] = _in_query(name, parameter)
            else:
                raise TypeError(f"{function.__qualname__}: a direct route cannot give {name}")

    async def __call__(self, request: Request) -> Any:
        return await self.function(**await self.arguments(request))

    async def arguments(self, request: Request) -> dict[str, Any]:
        """What the function asks for. Raises `_Unsound`, and what dependencies raise."""
        found, errors = {}, []
        for name, find in self._asked.items():
            try:
                found[name] = await find(request)
            except _Unsound as unsound:
                errors += unsound.errors
        if errors:
            raise _Unsound(errors)
        return found


async def _itself(request: Request) -> Request:
    return request


def _in_path(name: str) -> Find:
    async def find(request: Request) -> str:
        return str(request.path_params[name])

    return find


def _in_query(name: str, parameter: inspect.Parameter) -> Find:
    kinds = (get_origin(kind) for kind in (parameter.annotation, *_within(parameter.annotation)))
    several = any(kind is list for kind in kinds)
    adapter: TypeAdapter[Any] = TypeAdapter(parameter.annotation)

    async def find(request: Request) -> Any:
        given = request.query_params.getlist(name) if several else request.query_params.get(name)
        if given is None or given == []:
            return parameter.default
        try:
            return adapter.validate_python(given)
        except ValidationError as error:
            told = error.errors(include_url=False)
            raise _Unsound([{**one, "loc": ("query", name, *one["loc"])} for one in told]) from error

    return find


def _within(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of."""
    for part in get_args(annotation):
        yield part
        yield from _within(part)
