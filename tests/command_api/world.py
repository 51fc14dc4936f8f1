"""The write side as it runs: the real application, owners, keys, tokens and database; the log in memory."""

import asyncio
import contextlib
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import uvicorn
from fastapi import FastAPI

from adapters.commands.client import CommandClient
from adapters.commands.gate import Gate
from adapters.http.application import with_edge
from adapters.http.body_limits import MIB
from adapters.http.images.inspector import ImageInspector
from adapters.http.rate_limits import RateLimits
from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.follower import read
from adapters.kafka.host import Host
from adapters.kafka.memory import MemoryAppender, MemoryLog
from adapters.kafka.port import AppendFailed, NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.replica import Replica
from adapters.kafka.writer import EventWriter
from adapters.object_store.memory import MemoryStore
from adapters.postgres.audit import Audit
from adapters.postgres.engine import make_pool
from adapters.postgres.uploads import Uploads
from adapters.security.authenticator import Authenticator
from adapters.security.deletions import keys_of_users
from adapters.security.digests import Digests
from adapters.security.master_key import MasterKey
from adapters.security.passwords import Passwords
from adapters.security.sealed_objects import SealedObjects
from adapters.security.sealing import Sealer
from adapters.security.service_token import ServiceToken
from adapters.security.sessions import Sessions
from adapters.security.signing_keys import SigningKeys
from adapters.security.tickets import Tickets
from adapters.security.tokens import AccessTokens
from adapters.settings import Limits, Settings
from command_api.app import make_app
from command_api.first_start import first_start
from command_api.parts import Parts
from command_api.runs_feed import RunsFeed
from domain.account.commands import DescribeAccount, DescribeTask
from domain.account.decider import AccountDecider
from domain.catalog.decider import CatalogDecider
from domain.decider import Context
from domain.envelope import Envelope
from domain.identity.decider import IdentityDecider

MASTER = MasterKey(bytes(range(32)))
SERVICE_TOKEN = "service-token-of-the-tests"
PASSWORD = "correct horse"
PATIENCE_S = 20.0


@dataclass
class User:
    """Somebody who registered and logged in."""

    user_id: int
    account_id: str
    username: str
    token: str
    refresh_token: str
    partition: int = field(init=False)

    def __post_init__(self) -> None:
        self.partition = topics.account_partition(self.account_id)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def stream(self) -> TP:
        return (topics.ACCOUNTS.name, self.partition)


class ShakyLog(MemoryLog):
    """A log in memory whose appends can be made to fail. What failed is lost, or written when it works again."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.held: list[tuple[TP, Sequence[NewRecord]]] = []

    async def appender(self) -> MemoryAppender:
        return _ShakyAppender(self)

    async def heal(self, *, late: bool) -> None:
        """Appends work again. `late`: the first that failed arrives now, before anything else."""
        if late:
            await self.put(*self.held[0])
        self.held.clear()
        self.broken = False


class _ShakyAppender(MemoryAppender):
    def __init__(self, log: ShakyLog) -> None:
        super().__init__(log)
        self._shaky = log

    async def append(self, tp: TP, records: Sequence[NewRecord]) -> int:
        if self._shaky.broken:
            self._shaky.held.append((tp, records))
            raise AppendFailed("no ack")
        return await super().append(tp, records)


class World:
    """One process of the write side, and what stands around it."""

    def __init__(self, parts: Parts, log: MemoryLog, app: FastAPI) -> None:
        self.parts, self.log, self.app = parts, log, app
        self.http: httpx.AsyncClient
        self.address = ""

    async def post(self, path: str, user: User | None = None, **request: Any) -> httpx.Response:
        return await self.send("POST", path, user, **request)

    async def send(self, method: str, path: str, user: User | None = None, **request: Any) -> httpx.Response:
        headers = (user.headers if user else {}) | request.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **request)

    async def user(self, username: str = "ann", password: str = PASSWORD) -> User:
        """Registered and logged in over HTTP. The name is made unique."""
        username = f"{username}-{uuid.uuid4().hex[:8]}"
        registered = await self.post("/auth/register", json={"username": username, "password": password})
        assert registered.status_code == 201, registered.text
        tokens = await self.login(username, password)
        told = registered.json()
        return User(told["id"], told["uuid"], username, tokens["access_token"], tokens["refresh_token"])

    async def login(self, username: str, password: str = PASSWORD) -> dict[str, Any]:
        answer = await self.post("/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def task(self, user: User, prompt: str = "a red chair", **fields: Any) -> str:
        """A task requested over HTTP."""
        answer = await self.post("/generate", user, json={"prompt": prompt, **fields})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])

    async def decided(self, topic: topics.Topic, partition: int, command: Any, **context: Any) -> dict[str, Any]:
        """Send a command as the other parts of the deployment do. Returns the view."""
        return (await self.parts.commands.send(topic, partition, command, a_context(**context))).view

    async def wallet(self, user: User) -> tuple[float, float]:
        """(balance, reserved) in credits, as the owner knows them."""
        view = await self.decided(topics.ACCOUNTS, user.partition, DescribeAccount(account_id=user.account_id))
        return view["balance"], view["reserved"]

    async def status(self, user: User, task_id: str) -> str:
        question = DescribeTask(account_id=user.account_id, task_id=task_id)
        return str((await self.decided(topics.ACCOUNTS, user.partition, question))["status"])

    async def run_says(self, user: User, task_id: str, event: msgspec.Struct) -> None:
        """A worker tells of a run."""
        await EventWriter(self.log, "lathe/test").write(
            topics.RUNS, user.partition, user.account_id, event, subject=task_id, actor="worker/1", correlation_id="t"
        )

    def events(self, tp: TP, key: str | None = None) -> list[tuple[Envelope, msgspec.Struct]]:
        """The valid events of a partition, or of one stream of it."""
        found, position = [], Position()
        for record in self.log.partitions[tp]:
            entry = read(position, record)
            position = entry.after
            wanted = entry.kind == "event" and (key is None or record.key == key.encode())
            if wanted and isinstance(entry.decoded, tuple):
                found.append(entry.decoded)
        return found

    def of(self, user: User, kind: type[msgspec.Struct]) -> list[Any]:
        """A user's events of one type."""
        return [event for _, event in self.events(user.stream, user.account_id) if isinstance(event, kind)]

    def sizes(self) -> dict[TP, int]:
        """How long each partition of the truth is."""
        return {tp: len(found) for tp, found in self.log.partitions.items() if found and tp[0] != topics.OWNERS.name}

    @contextlib.contextmanager
    def nothing_written(self) -> Iterator[None]:
        """Assert that the log is as long after the block as it was before."""
        before = self.sizes()
        yield
        assert self.sizes() == before


def a_context(**fields: Any) -> Context:
    given: dict[str, Any] = {
        "now": datetime.now(UTC),
        "event_id": new_id(),
        "command_id": new_id(),
        "actor": "system",
        "correlation_id": "test",
    }
    return Context(**(given | fields))


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition, which may be asynchronous."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = condition()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE_S:.0f} s: {what}") from None


def refused(answer: httpx.Response, status: int, code: str, pointer: str | None = None) -> dict[str, Any]:
    """The problem document of an answer that must be exactly this refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"/problems/{code}", told
    assert told["status"] == status
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["detail"]
    if pointer is not None:
        assert pointer in [row.get("pointer") for row in told.get("errors", ())], told
    return told


@contextlib.asynccontextmanager
async def world(
    url: str,
    home: Path,
    *,
    log: MemoryLog | None = None,
    store: Any = None,
    owning: Callable[[TP], bool] = lambda tp: True,
    served: bool = False,
    patience_s: float = 10.0,
    settings: dict[str, Any] | None = None,
    limits: dict[str, int] | None = None,
) -> AsyncIterator[World]:
    """One process. `owning`: the partitions it wants. `served`: on a real socket instead of in this process alone."""
    log = log if log is not None else MemoryLog()
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    options = {"sign_up_credits": 10, "public_url": "http://lathe.test", "admin_password": PASSWORD} | (settings or {})
    configured = Settings(home=home, limits=Limits(_env_file=None, **(limits or {})), _env_file=None, **options)
    pool = await make_pool(url, size=4)
    signing = SigningKeys(pool, MASTER.key_wrapping, token_lifetime_s=900)
    await signing.start()
    users = Replica(log, topics.IDENTITY, IdentityDecider())
    catalog = Replica(log, topics.CATALOG, CatalogDecider())
    host = Host(
        log,
        {
            topics.IDENTITY: IdentityDecider(),
            topics.CATALOG: CatalogDecider(),
            topics.ACCOUNTS: AccountDecider(),
        },
        address=address,
        source="lathe/command_api",
        group=None,
        beside={topics.ACCOUNTS: RunsFeed(log).feed},
    )
    parts = _parts(configured, log, host, users, catalog, pool, signing, store or MemoryStore(), patience_s)
    app = make_app()
    app.state.parts, app.state.rate_limits = parts, parts.limits
    app.state.authenticator = Authenticator(parts.tokens, users)
    here = World(parts, log, app)
    here.address = address
    edge = with_edge(app, configured, parts.audit)
    await users.start()
    await catalog.start()
    await host.start()
    for tp, owner in host.owners.items():
        owner.want(owning(tp))
    server, serving = None, None
    if served:
        config = uvicorn.Config(edge, lifespan="off", log_config=None, access_log=False, loop="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
    transport = None if served else httpx.ASGITransport(edge, client=("127.0.0.1", 50_000))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=address, timeout=60) as here.http:
            await until(
                lambda: all(owner.claim is not None for tp, owner in host.owners.items() if owning(tp)), "ownership"
            )
            if owning((topics.IDENTITY.name, 0)):
                await first_start(parts, "first-start")
                await catalog.read_to_end()
            yield here
    finally:
        if server is not None and serving is not None:
            server.should_exit = True
            await serving
        listening.close()
        await host.stop()
        await parts.commands.stop()
        await catalog.stop()
        await users.stop()
        parts.passwords.close()
        await parts.audit.flush()
        await parts.images.close()
        await pool.close()


def _parts(
    settings: Settings,
    log: MemoryLog,
    host: Host,
    users: Replica[Any],
    catalog: Replica[Any],
    pool: "asyncpg.Pool[Any]",
    signing: SigningKeys,
    store: Any,
    patience_s: float,
) -> Parts:
    return Parts(
        settings=settings,
        log=log,
        host=host,
        gate=Gate(host.owners),
        commands=CommandClient(host.directory, MASTER.internal_header, host, patience_s=patience_s),
        users=users,
        catalog=catalog,
        pool=pool,
        store=store,
        uploads=Uploads(pool),
        images=ImageInspector(
            max_bytes=settings.limits.max_image_mb * MIB, max_megapixels=settings.limits.max_image_megapixels
        ),
        limits=RateLimits(settings.limits),
        sealer=Sealer(keys_of_users(pool, MASTER.key_wrapping, users), SealedObjects(store)),
        digests=Digests(MASTER),
        tokens=AccessTokens(signing, "http://lathe.test", 900),
        sessions=Sessions(pool, MASTER.sessions),
        tickets=Tickets(pool),
        passwords=Passwords(shortest=settings.limits.min_password_chars, threads=1, memory_kib=8, passes=1),
        service_token=ServiceToken(SERVICE_TOKEN),
        internal_key=MASTER.internal_header,
        audit=Audit(pool),
    )
