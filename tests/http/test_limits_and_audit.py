"""Rate limits (bad-inputs 40), the client's address, and what of refusals goes into the audit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import Request

from adapters.http.application import make_application, with_edge
from adapters.http.behind_gateway import BehindGateway
from adapters.http.client_address import client_address
from adapters.http.rate_limits import RateLimits
from adapters.http.refusals import RateLimited
from adapters.http.token_bucket import Buckets
from adapters.postgres.audit import Audit
from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.settings import Limits, load_settings
from domain.errors import Forbidden, Unauthenticated


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def scope(peer: str, forwarded: str | None = None) -> dict[str, Any]:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return {"type": "http", "client": (peer, 5000), "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1, 127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1"),
    ],
)
def test_40_only_the_gateway_is_believed_about_addresses(peer: str, forwarded: str | None, address: str) -> None:
    assert client_address(scope(peer, forwarded)) == address


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("172.20.0.7", "203.0.113.9", "203.0.113.9"),
        ("172.20.0.7", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("172.20.0.7", None, "172.20.0.7"),
        ("172.20.0.7", "nonsense", "172.20.0.7"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
    ],
)
async def test_a_gateway_elsewhere_is_believed_if_its_network_is_named(
    peer: str, forwarded: str | None, address: str
) -> None:
    seen: list[str] = []

    async def app(asked: Any, receive: Any, send: Any) -> None:
        seen.append(client_address(asked))

    async def nothing(*_: Any) -> Any:
        return None

    await BehindGateway(app, ("172.16.0.0/12", "fd00::/8"))(scope(peer, forwarded), nothing, nothing)
    assert seen == [address]


def test_a_bucket_empties_and_refills() -> None:
    buckets = Buckets(burst=2, per_second=0.5)
    assert [buckets.take("a", 0).wait_s for _ in range(3)] == [0, 0, 2]
    assert buckets.take("b", 0).wait_s == 0
    assert buckets.take("a", 1.9).wait_s == pytest.approx(0.1)
    assert buckets.take("a", 2).wait_s == 0
    assert buckets.level("a", 1000).left == 2
    buckets.charge("a", 1000), buckets.charge("a", 1000), buckets.charge("a", 1000)
    assert buckets.take("a", 1000).wait_s == pytest.approx(4)


def test_buckets_are_bounded() -> None:
    buckets = Buckets(1, 1, capacity=10)
    for number in range(100):
        buckets.take(str(number), 0)
    assert len(buckets._levels) == 10


def test_failed_logins_are_limited_by_name_and_address_and_right_ones_are_free() -> None:
    clock = Clock()
    limits = RateLimits(Limits(failed_logins_per_minute=3), clock)
    attacker, owner = scope("203.0.113.9"), scope("198.51.100.7")
    for _ in range(100):
        limits.login(attacker, "name")
    for _ in range(3):
        limits.login(attacker, "name")
        limits.login_failed(attacker, "name")
    with pytest.raises(RateLimited) as refusal:
        limits.login(attacker, "name")
    assert 19 < refusal.value.extra["retry_after_s"] <= 20
    with pytest.raises(RateLimited):
        limits.login(scope("203.0.113.9", "10.1.2.3"), "name")
    limits.login(owner, "name")
    limits.login(attacker, "other name")
    clock.now += 20
    limits.login(attacker, "name")


def test_guesses_in_parallel_are_paid_for_later() -> None:
    clock = Clock()
    limits = RateLimits(Limits(failed_logins_per_minute=3), clock)
    for _ in range(30):
        limits.login(scope("203.0.113.9"), "name")
    for _ in range(30):
        limits.login_failed(scope("203.0.113.9"), "name")
    clock.now += 500
    with pytest.raises(RateLimited):
        limits.login(scope("203.0.113.9"), "name")


def test_registrations_are_limited_per_address_except_here() -> None:
    limits = RateLimits(Limits(registrations_per_minute=2), Clock())
    for _ in range(2):
        limits.registration(scope("127.0.0.1", "203.0.113.9"))
    with pytest.raises(RateLimited):
        limits.registration(scope("127.0.0.1", "203.0.113.9"))
    for _ in range(1000):
        limits.registration(scope("127.0.0.1"))


@pytest.fixture
async def pool(fresh_database: Callable[[], str]) -> AsyncIterator["asyncpg.Pool[Any]"]:
    url = await asyncio.to_thread(fresh_database)
    await migrate_ops(url)
    pool = await make_pool(url, size=2)
    yield pool
    await pool.close()


async def test_limits_and_refusals_over_http(pool: "asyncpg.Pool[Any]") -> None:
    clock = Clock()
    limits = RateLimits(Limits(requests_per_second=2), clock)
    app = make_application()

    @app.get("/mine")
    async def mine(request: Request) -> dict[str, str]:
        limits.account(request.scope, "account")
        return {}

    @app.get("/token")
    async def token() -> None:
        raise Unauthenticated("The access token is not accepted.")

    @app.get("/admin/{name}")
    async def admin(name: str) -> None:
        raise Forbidden("This takes the role admin.")

    audit = Audit(pool)
    await audit.start()
    edge = with_edge(app, load_settings(), audit)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://test") as client:
        first = await client.get("/mine")
        assert first.headers["ratelimit-policy"] == '"account";q=2;w=1'
        assert first.headers["ratelimit"] == '"account";r=1;t=1'
        await client.get("/mine")
        third = await client.get("/mine")
        assert (third.status_code, third.headers["retry-after"]) == (429, "1")
        assert third.headers["ratelimit"].startswith('"account";r=0')
        await client.get("/token")
        await client.get("/token", headers={"authorization": "Bearer forged", "x-request-id": "forged-token-1"})
        await client.get("/admin/ann")
        await client.get("/mine", headers={"origin": "null"})
        await client.get("/missing")
    await audit.stop()
    rows = await pool.fetch("SELECT kind, address, request_id, detail FROM ops.audit ORDER BY entry_id")
    assert [row["kind"] for row in rows] == ["rate-limited", "unauthenticated", "forbidden", "origin-refused"]
    assert rows[1]["request_id"] == "forged-token-1"
    assert rows[1]["address"] == "127.0.0.1"
    assert rows[1]["detail"]["why"] == "The access token is not accepted."
    assert rows[2]["detail"]["path"] == "/admin/{name}", "names in paths are personal"


async def test_the_audit_waits_out_a_database_that_is_away(pool: "asyncpg.Pool[Any]") -> None:
    audit = Audit(pool)
    await pool.execute("ALTER TABLE ops.audit RENAME TO elsewhere")
    audit.record("first")
    await audit.flush()
    audit.record("second")
    await pool.execute("ALTER TABLE ops.elsewhere RENAME TO audit")
    await audit.flush()
    assert [row["kind"] for row in await pool.fetch("SELECT kind FROM ops.audit ORDER BY entry_id")] == [
        "first",
        "second",
    ]
