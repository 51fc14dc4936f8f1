"""Bodies that must be refused (bad-inputs 23, 24, 42, 44-47), and that every failure is one problem document."""

import asyncio
import importlib
import json
import pkgutil
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

import adapters
import command_api
import query_api
from adapters.errors import OutcomePending, Unavailable
from adapters.http.application import make_application, with_edge
from adapters.http.body_limits import BodyLimits, LimitBodies
from adapters.http.catalogue import PROBLEMS, language_of
from adapters.http.edge import Edge
from adapters.http.refusals import RateLimited
from adapters.http.strict_json import MAX_DEPTH, StrictRoute
from adapters.object_store.port import ObjectMissing
from adapters.settings import load_settings
from domain.errors import DomainError, InsufficientCredits


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")
    prompt: str = Field(max_length=20)
    max_credits: float | None = Field(None, ge=0)
    params: dict[str, Any] = {}


def application() -> Any:
    app = make_application(openapi_url="/openapi.json")
    router = APIRouter(route_class=StrictRoute)

    @router.post("/orders")
    async def order(body: Order) -> dict[str, Any]:
        return {"prompt": body.prompt}

    @app.get("/broke")
    async def broke() -> None:
        raise InsufficientCredits("The task costs 2 credits.", balance=1, price=2)

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("the secret cause")

    @app.get("/busy")
    async def busy() -> None:
        raise RateLimited("Slow down.", retry_after_s=1.2)

    @app.get("/outage/{kind}")
    async def outage(kind: int) -> None:
        raise (asyncpg.ConnectionDoesNotExistError("gone"), ConnectionResetError(), ObjectMissing("acct/a/b"))[kind]

    @app.get("/pending")
    async def pending() -> None:
        raise OutcomePending("Ask again.", idempotency_key="k1")

    @app.get("/page")
    async def page(limit: int = 20) -> dict[str, int]:
        return {"limit": limit}

    app.include_router(router)
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    settings = load_settings(cors_origins=("https://app.example",), public_url="https://lathe.example")
    transport = httpx.ASGITransport(with_edge(application(), settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as c:
        yield c


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/problems/{code}"
    assert document["status"] == status
    assert document["detail"]
    assert document["title"] in (PROBLEMS[code].en, PROBLEMS[code].ru)
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


async def post(client: httpx.AsyncClient, body: bytes | str, **headers: str) -> httpx.Response:
    return await client.post("/orders", content=body, headers={"content-type": "application/json", **headers})


async def test_a_good_body_passes_with_and_without_a_slash(client: httpx.AsyncClient) -> None:
    for path in ("/orders", "/orders/"):
        answer = await client.post(path, json={"prompt": "a mug \U0001f375 \u0436"})
        assert (answer.status_code, answer.json()) == (200, {"prompt": "a mug \U0001f375 \u0436"})
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"prompt": "a", "prompt": "b"}', "/prompt"),
        ('{"prompt": "a", "params": {"x": [1, {"y": 1, "y": 2}]}}', "/params/x/1/y"),
        ('{"prompt": "a", "max_credits": NaN}', "/max_credits"),
        ('{"prompt": "a", "max_credits": -Infinity}', "/max_credits"),
        ('{"prompt": "a", "max_credits": 1e400}', "/max_credits"),
        ('{"prompt": "a", "params": {"seed": 9223372036854775808}}', "/params/seed"),
        ('{"prompt": "a", "params": {"seed": ' + "9" * 5000 + "}}", "/params/seed"),
        ('{"prompt": "a", "max_credits": -0}', "/max_credits"),
        ('{"prompt": "a", "max_credits": -0.0}', "/max_credits"),
        ('{"prompt": "a\\ud800"}', "/prompt"),
        ('{"prompt": "a\\u0000"}', "/prompt"),
        ('{"prompt": "a", "params": {"\\udfff": 1}}', "/params"),
        ('{"prompt": "a", "params": {"a/b~c": NaN}}', "/params/a~1b~0c"),
    ],
)
async def test_what_i_json_excludes_is_refused_with_its_place(
    client: httpx.AsyncClient, body: str, pointer: str
) -> None:
    document = assert_problem(await post(client, body), 400, "malformed-json")
    assert [row["pointer"] for row in document["errors"]] == [pointer]


@pytest.mark.parametrize(
    "body", [b"{", b'{"prompt": "\xff"}', b'\xef\xbb\xbf{"prompt": "a"}', b'{"prompt": "\x00"}', b"[1,]", b"{'a': 1}"]
)
async def test_malformed_json_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    assert_problem(await post(client, body), 400, "malformed-json")


async def test_nesting_is_limited_and_brackets_in_strings_do_not_count(client: httpx.AsyncClient) -> None:
    def nested(depth: int) -> str:
        return '{"prompt": "a", "params": {"x": ' + "[" * (depth - 2) + "]" * (depth - 2) + "}}"

    assert (await post(client, nested(MAX_DEPTH))).status_code == 200
    assert_problem(await post(client, nested(MAX_DEPTH + 1)), 400, "malformed-json")
    assert_problem(await post(client, nested(10_000)), 400, "malformed-json")
    assert (await post(client, json.dumps({"prompt": "a", "params": {"x": '[{"\\' * 500}}))).status_code == 200


@pytest.mark.parametrize("member", ["is_admin", "credits", "owner_id"])
async def test_an_unknown_member_is_422_with_its_pointer(client: httpx.AsyncClient, member: str) -> None:
    document = assert_problem(await post(client, json.dumps({"prompt": "a", member: 1})), 422, "invalid-input")
    assert document["errors"] == [{"pointer": f"/{member}", "detail": "Unknown member"}]


@pytest.mark.parametrize(
    ("body", "pointer"), [("[]", ""), ('"a mug"', ""), ('{"prompt": "a", "params": []}', "/params")]
)
async def test_what_must_be_an_object_is_told_in_jsons_words(
    client: httpx.AsyncClient, body: str, pointer: str
) -> None:
    document = assert_problem(await post(client, body), 422, "invalid-input")
    assert document["errors"] == [{"pointer": pointer, "detail": "This must be a JSON object"}]


async def test_schema_errors_do_not_repeat_the_input(client: httpx.AsyncClient) -> None:
    answer = await post(client, json.dumps({"prompt": "secret" * 10, "max_credits": -1}))
    document = assert_problem(answer, 422, "invalid-input")
    assert {row["pointer"] for row in document["errors"]} == {"/prompt", "/max_credits"}
    assert "secretsecret" not in answer.text


async def test_other_media_types_and_charsets_are_415(client: httpx.AsyncClient) -> None:
    for media_type in ("text/plain", "application/xml", "application/json; charset=utf-16"):
        assert_problem(
            await post(client, b'{"prompt": "a"}', **{"content-type": media_type}), 415, "unsupported-media-type"
        )


async def test_a_missing_body_is_422(client: httpx.AsyncClient) -> None:
    assert_problem(await client.post("/orders"), 422, "invalid-input")


async def test_query_errors_name_the_parameter(client: httpx.AsyncClient) -> None:
    document = assert_problem(await client.get("/page?limit=many"), 422, "invalid-input")
    assert document["errors"][0]["parameter"] == "limit"
    assert document["errors"][0]["in"] == "query"


async def test_refusals_carry_their_members_and_headers(client: httpx.AsyncClient) -> None:
    document = assert_problem(await client.get("/broke"), 402, "insufficient-credits")
    assert (document["balance"], document["price"]) == (1, 2)
    busy = await client.get("/busy")
    assert_problem(busy, 429, "rate-limited")
    assert busy.headers["retry-after"] == "2"
    pending = await client.get("/pending")
    assert_problem(pending, 503, "outcome-pending")
    assert pending.headers["idempotency-key"] == "k1"
    assert int(pending.headers["retry-after"]) >= 1


async def test_a_crash_tells_nothing_but_the_request_id(client: httpx.AsyncClient) -> None:
    answer = await client.get("/crash", headers={"x-request-id": "abcdef0123456789"})
    document = assert_problem(answer, 500, "internal")
    assert document["request_id"] == "abcdef0123456789"
    assert "secret" not in answer.text


@pytest.mark.parametrize("kind", [0, 1, 2])
async def test_outages_are_503_and_tell_no_details(client: httpx.AsyncClient, kind: int) -> None:
    answer = await client.get(f"/outage/{kind}")
    assert_problem(answer, 503, "dependency-down")
    assert "retry-after" in answer.headers
    assert "acct/a" not in answer.text


async def test_a_malformed_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    for bad in ("short", "x" * 65, "with spaces in", "inj\u00e9ct-\u00e9\u00e9\u00e9\u00e9"):
        answer = await client.get("/page", headers={b"x-request-id": bad.encode("latin-1")})
        assert len(answer.headers["x-request-id"]) == 32


async def test_unknown_paths_and_methods(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404, "not-found")
    answer = await client.delete("/orders")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


async def test_titles_follow_accept_language(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broke", headers={"accept-language": "ru-RU,ru;q=0.9,en;q=0.8"})
    assert answer.json()["title"] == "Недостаточно кредитов"
    assert answer.headers["content-language"] == "ru"
    assert [language_of(h) for h in (None, "", "de", "en;q=0.1,ru;q=0.2", "ru;q=x", "*")] == [
        "en", "en", "en", "ru", "en", "en",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://app.example.evil.test",
        "https://evilapp.example",
        "http://app.example",
        "http://[",
        "http://a]b",
    ],
)
async def test_foreign_origins_are_refused(client: httpx.AsyncClient, origin: str) -> None:
    for answer in (
        await client.options("/orders", headers={"origin": origin, "access-control-request-method": "POST"}),
        await client.get("/page", headers={"origin": origin}),
    ):
        assert_problem(answer, 403, "origin-refused")
        assert "access-control-allow-origin" not in answer.headers


async def test_allowed_and_own_origins(client: httpx.AsyncClient) -> None:
    allowed = {"origin": "https://app.example"}
    preflight = await client.options("/orders", headers={**allowed, "access-control-request-method": "POST"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    assert preflight.headers["vary"] == "Origin"
    assert "Origin" in (await client.get("/page")).headers["vary"]  # or a cache gives it to another origin
    for path in ("/page", "/broke", "/crash"):
        answer = await client.get(path, headers=allowed)
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "Origin" in answer.headers["vary"]
    for own in ("http://test", "https://lathe.example"):
        assert (await client.get("/page", headers={"origin": own})).status_code == 200


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_bodies_are_limited_whatever_content_length_says() -> None:
    limited = Edge(LimitBodies(application(), BodyLimits(json_bytes=1000)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(limited), base_url="http://test") as client:
        headers = {"content-type": "application/json"}
        declared = await client.post("/orders", content=b"x" * 1001, headers=headers)
        assert_problem(declared, 413, "too-large")
        chunked = await client.post("/orders", content=chunks(b"x" * 600, b"x" * 600), headers=headers)
        assert_problem(chunked, 413, "too-large")
        understated = await client.post(
            "/orders", content=chunks(b"x" * 600, b"x" * 600), headers={**headers, "content-length": "10"}
        )
        assert_problem(understated, 413, "too-large")
        for wrong in ("-1", "1e3", "0x10", "many"):
            bad = await client.post("/orders", content=b"{}", headers={**headers, "content-length": wrong})
            assert_problem(bad, 400, "malformed-request")


async def test_a_body_that_drips_is_cut_off() -> None:
    limited = Edge(LimitBodies(application(), BodyLimits(grace_s=0.05)))
    sent: list[Any] = []
    first: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Any:
        for message in first:
            return message
        await asyncio.Event().wait()
        return None

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/orders", "raw_path": b"/orders", "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
        "client": ("127.0.0.1", 1), "server": ("test", 80), "scheme": "http", "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    await limited(scope, receive, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["type"] == "/problems/too-slow"


def test_every_refusal_is_in_the_catalogue() -> None:
    for service in (adapters, command_api, query_api):
        for module in pkgutil.walk_packages(service.__path__, f"{service.__name__}."):
            if not ("migrations" in module.name or module.name.endswith("__main__")):
                importlib.import_module(module.name)

    def tree(root: type[Any]) -> Iterator[type[Any]]:
        yield root
        for child in root.__subclasses__():
            yield from tree(child)

    for kind in [*tree(DomainError), *tree(Unavailable)]:
        entry = PROBLEMS[kind.code]
        assert (entry.status, entry.en) == (kind.status, kind.title), kind


def test_bodies_stay_documented() -> None:
    schema = application().openapi()
    body = schema["paths"]["/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Order"}
