"""What is served without a token: models, keys, documentation, health; and the conventions of all paths."""

import asyncio
import re

import jwt
import pytest

from adapters.errors import DependencyDown
from adapters.kafka import topics
from adapters.kafka.port import NewRecord
from adapters.kafka.record import encode_headers, encode_value, type_of
from domain.catalog.events import ModelRepriced, ModelRetired
from domain.envelope import Envelope
from domain.runs.events import Engine, WorkerBeat
from query_api.workers import LiveWorkers
from tests.projections.handmade import CREDIT, START
from tests.query_api.world import World


async def test_models_and_quotes_follow_the_catalog(here: World) -> None:
    ann = await here.user()
    await here.publish("lathe/form", price=CREDIT)
    await here.publish("lathe/relief", price=2 * CREDIT)
    await here.parts.catalog.read_to_end()
    listed = (await here.get("/generate/models")).json()
    assert [(m["id"], m["price"], m["kinds"]) for m in listed["items"]] == [
        ("lathe/form", 1, ["text"]),
        ("lathe/relief", 2, ["text"]),
    ]
    for model in listed["items"]:
        assert model["params_schema"]["properties"]["seed"]["maximum"] == 2**31 - 1
    reprice = ModelRepriced(model="lathe/form", price=CREDIT // 3)
    await here.by_hand.append("model/lathe/form", reprice, topics.CATALOG)
    await here.by_hand.append("model/lathe/relief", ModelRetired(model="lathe/relief"), topics.CATALOG)
    await here.parts.catalog.read_to_end()
    assert [m["price"] for m in (await here.get("/generate/models")).json()["items"]] == [0.333333]
    assert (await here.get("/generate/quote?model=lathe/form", ann)).json()["price"] == 0.333333
    assert (await here.get("/generate/quote?model=lathe/relief", ann)).status_code == 422


async def test_a_quote_without_a_model_is_of_the_one_that_would_get_the_request(here: World) -> None:
    ann = await here.user()
    await here.publish("lathe/form", price=CREDIT)
    await here.publish("lathe/other", price=2 * CREDIT)
    await here.parts.catalog.read_to_end()
    for query in ("", "?kind=text"):
        told = (await here.get(f"/generate/quote{query}", ann)).json()
        assert (told["model"], told["price"]) == ("lathe/form", 1)
    await here.by_hand.append("model/lathe/form", ModelRetired(model="lathe/form"), topics.CATALOG)
    await here.parts.catalog.read_to_end()
    assert (await here.get("/generate/quote", ann)).json()["model"] == "lathe/other"
    for query in ("?kind=image", "?kind=wish"):
        refused = await here.get(f"/generate/quote{query}", ann)
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "kind")


async def test_tokens_can_be_checked_with_the_published_keys(here: World) -> None:
    ann = await here.user()
    answer = await here.get("/.well-known/jwks.json")
    keys = jwt.PyJWKSet.from_dict(answer.json())
    kid = jwt.get_unverified_header(ann.token)["kid"]
    claims = jwt.decode(ann.token, keys[kid].key, algorithms=["EdDSA"], audience="lathe", issuer="http://lathe.test")
    assert claims["sub"] == ann.account_id
    assert "d" not in answer.json()["keys"][0]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_documentation_pages_need_no_other_host(here: World, path: str) -> None:
    answer = await here.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    sources = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert sources
    for source in sources:
        if source == f"{path}?lang=ru":
            continue
        assert source.startswith("/docs/assets/")
        asset = await here.get(source)
        assert (asset.status_code, len(asset.content) > 100) == (200, True), source
    assert not re.search(r"<script[^>]*>[^<]", answer.text)


async def test_the_specification_describes_both_services(here: World) -> None:
    told = (await here.get("/openapi.json")).json()
    assert told["openapi"].startswith("3.1")
    for method, path in (("get", "/generate/{task_id}"), ("get", "/files/{file_id}"), ("post", "/auth/login"),
                         ("post", "/generate"), ("get", "/generate")):  # fmt: skip
        assert method in told["paths"][path], path


async def test_the_documentation_in_russian(here: World) -> None:
    told = (await here.get("/openapi.json?lang=ru")).json()
    assert told["paths"]["/generate"]["post"]["summary"] == "Создать 3D-модель"
    assert (await here.get("/openapi.json?lang=fr")).status_code == 422
    for path in ("/docs", "/redoc"):
        for chosen in (await here.get(f"{path}?lang=ru"), await here.get(path, accept_language="ru,en;q=0.5")):
            assert '<html lang="ru">' in chosen.text
            assert f'href="{path}?lang=en"' in chosen.text
        assert '<html lang="en">' in (await here.get(path)).text
    assert "document.documentElement.lang" in (await here.get("/docs/assets/start.js")).text


async def test_healthz_and_readyz(here: World) -> None:
    assert (await here.get("/healthz")).json() == {"status": "alive"}
    answer = await here.get("/readyz")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert {name for name, check in told["dependencies"].items() if check["ok"]} == {
        "kafka", "postgres", "object_store", "live_feed"
    }  # fmt: skip
    assert (told["workers"], told["engines"]) == (0, {})


async def test_readyz_is_503_without_the_object_store(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(key: str) -> None:
        raise DependencyDown("The object store does not answer.", dependency="object_store")

    monkeypatch.setattr(here.store, "stat", away)
    answer = await here.get("/readyz")
    assert (answer.status_code, answer.json()["dependencies"]["object_store"]["ok"]) == (503, False)


async def test_live_workers_by_their_heartbeats(here: World) -> None:
    clock = START.timestamp()
    workers = LiveWorkers(here.by_hand.log, lambda: clock)

    def beat(name: str, stopping: bool = False) -> WorkerBeat:
        engines = (Engine("lathe/form", "1"), Engine("lathe/relief", "1"))
        return WorkerBeat(worker_id=name, host="h", device="cpu", slots=2, engines=engines, running=(),
                          assignments_offset=0, started_at=START, stopping=stopping)  # fmt: skip

    envelope = Envelope(id="1", type=type_of(beat("a")), source="t", time=START, subject="a", actor="service/ml_worker",
                        correlation_id="c")  # fmt: skip
    record = NewRecord(b"a", encode_value(beat("a")), encode_headers(envelope), 0)
    await here.by_hand.log.put((topics.WORKERS.name, 0), [record])
    await workers.start()
    while workers.summary()["workers"] == 0:
        await asyncio.sleep(0.01)
    await workers.stop()
    workers.heard(clock - 60, beat("silent"))
    workers.heard(clock, beat("b"))
    workers.heard(clock, beat("c"))
    workers.heard(clock, beat("c", stopping=True))
    assert workers.summary() == {
        "workers": 2, "slots": 4, "running": 0, "engines": {"lathe/form": 2, "lathe/relief": 2}
    }  # fmt: skip


async def test_unknown_paths_and_methods_are_problems(here: World) -> None:
    lost = await here.get("/nowhere")
    assert (lost.status_code, lost.json()["type"]) == (404, "/problems/not-found")
    wrong = await here.http.post("/generate/models", json={})
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/method-not-allowed")
    assert wrong.headers["allow"] == "GET, HEAD"
    for answer in (lost, wrong):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_paths_with_and_without_a_trailing_slash(here: World) -> None:
    ann = await here.user()
    for path in ("/auth/profile", "/generate", "/generate/models", "/healthz"):
        assert (await here.get(f"{path}/", ann)).status_code == (await here.get(path, ann)).status_code == 200
