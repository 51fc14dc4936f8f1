"""Direct routes: the same answers as through FastAPI, refusals and specification included."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from adapters.http.application import include, make_application
from adapters.http.direct import DirectLane, DirectRoute
from adapters.http.strict_json import StrictRoute
from domain.errors import NotFound


async def tenant_of(request: Request) -> str:
    return request.headers.get("tenant", "none")


async def refuse_old(request: Request, age: Annotated[str | None, Query(max_length=9)] = None) -> None:
    if age == "old":
        raise NotFound("Too old.")


async def page_of(
    limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Annotated[str | None, Query(max_length=3)] = None
) -> tuple[int, str | None]:
    return limit, cursor


def things(route_class: type[StrictRoute]) -> APIRouter:
    router = APIRouter(prefix="/things", route_class=route_class)

    @router.post("")
    async def make(request: Request, tenant: Annotated[str, Depends(tenant_of)]) -> Response:
        return JSONResponse({"made": await request.json(), "tenant": tenant}, 202)

    @router.get("/{thing_id}")
    async def thing(thing_id: str, _: Annotated[None, Depends(refuse_old)]) -> Response:
        return JSONResponse({"thing": thing_id})

    @router.get("")
    async def listed(
        _: Annotated[None, Depends(refuse_old)],
        tenant: Annotated[str, Depends(tenant_of)],
        page: Annotated[tuple[int, str | None], Depends(page_of)],
        colour: Annotated[list[Literal["red", "blue"]] | None, Query()] = None,
        since: Annotated[datetime | None, Query()] = None,
    ) -> Response:
        told = {"tenant": tenant, "page": page, "colour": colour, "since": since and since.isoformat()}
        return JSONResponse(told)

    return router


def kinds() -> APIRouter:
    router = APIRouter(prefix="/things")

    @router.get("/kinds")
    async def all_kinds() -> dict[str, str]:
        return {"kinds": "all"}

    return router


@pytest.fixture(params=[DirectRoute, StrictRoute])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    app = make_application()
    include(app, (kinds(), things(request.param)))
    lane = DirectLane(app, app.state.routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lane), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "answer"),
    [
        ("POST", "/things", {"json": {"a": 1}, "headers": {"tenant": "x"}}, 202, {"made": {"a": 1}, "tenant": "x"}),
        ("GET", "/things/7", {}, 200, {"thing": "7"}),
        ("GET", "/things/a%20b?age=9", {}, 200, {"thing": "a b"}),
        ("GET", "/things/kinds", {}, 200, {"kinds": "all"}),
        ("GET", "/things", {}, 200, {"tenant": "none", "page": [20, None], "colour": None, "since": None}),
        (
            "GET",
            "/things?limit=7&cursor=abc&colour=red&colour=blue&since=2030-01-31T12:00:00Z&other=1",
            {"headers": {"tenant": "x"}},
            200,
            {"tenant": "x", "page": [7, "abc"], "colour": ["red", "blue"], "since": "2030-01-31T12:00:00+00:00"},
        ),
    ],
)
async def test_the_same_answers(
    client: httpx.AsyncClient, method: str, path: str, options: dict[str, Any], status: int, answer: dict[str, Any]
) -> None:
    got = await client.request(method, path, **options)
    assert (got.status_code, got.json()) == (status, answer)


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "kind"),
    [
        ("POST", "/things", b"{", 400, "malformed-json"),
        ("GET", "/things/7?age=old", b"", 404, "not-found"),
        ("DELETE", "/things/7", b"", 405, "method-not-allowed"),
        ("GET", "/things/7/8", b"", 404, "not-found"),
        ("GET", "/things?age=old&limit=0", b"", 404, "not-found"),
    ],
)
async def test_the_same_refusals(
    client: httpx.AsyncClient, method: str, path: str, content: bytes, status: int, kind: str
) -> None:
    got = await client.request(method, path, content=content)
    assert (got.status_code, got.json()["type"]) == (status, f"/problems/{kind}")


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("limit=0", ["limit"]),
        ("limit=", ["limit"]),
        ("limit=many&cursor=long&colour=green&since=noon", ["limit", "cursor", "colour", "since"]),
        ("age=older-than-all&colour=", ["age", "colour"]),
    ],
)
async def test_all_unsound_parameters_are_named(client: httpx.AsyncClient, query: str, parameters: list[str]) -> None:
    got = await client.get(f"/things?{query}")
    assert got.status_code == 422
    assert sorted(one["parameter"] for one in got.json()["errors"]) == sorted(parameters), got.json()


def test_it_stands_in_the_specification() -> None:
    app = make_application(openapi_url=None)
    include(app, (things(DirectRoute),))
    assert set(app.openapi()["paths"]) == {"/things", "/things/{thing_id}"}
    (asked,) = [
        one for one in app.openapi()["paths"]["/things/{thing_id}"]["get"]["parameters"] if one["in"] == "query"
    ]
    assert asked["name"] == "age"


def test_what_it_cannot_give_is_refused_at_once() -> None:
    router = APIRouter(route_class=DirectRoute)
    with pytest.raises(TypeError, match="cannot give count"):

        @router.get("/")
        async def listed(count: int) -> None: ...
