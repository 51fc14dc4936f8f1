"""The read side as it runs: real PostgreSQL, keys, tokens and server; the log written by hand, objects in memory."""

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from adapters.http.application import with_edge
from adapters.http.rate_limits import RateLimits
from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.replica import Replica
from adapters.object_store.memory import MemoryStore
from adapters.object_store.port import object_key
from adapters.postgres.audit import Audit
from adapters.postgres.engine import make_pool
from adapters.postgres.read.partitions import PARTITIONS
from adapters.postgres.read.pool import make_read_pool
from adapters.postgres.read.tables import SCHEMA
from adapters.security.authenticator import Authenticator
from adapters.security.deletions import keys_of_users
from adapters.security.master_key import MasterKey
from adapters.security.sealed_objects import SealedObjects
from adapters.security.sealing import Sealer
from adapters.security.signing_keys import SigningKeys
from adapters.security.tickets import Tickets
from adapters.security.tokens import AccessTokens
from adapters.settings import Settings
from domain.account import events as e
from domain.catalog.decider import CatalogDecider
from domain.catalog.events import ModelPublished
from domain.identity import events as i
from domain.identity.decider import IdentityDecider
from processors.projections.projector import Projector
from query_api.app import make_app
from query_api.freshness import Freshness
from query_api.live import LiveFeed
from query_api.log_ends import LogEnds
from query_api.pages import Cursors
from query_api.parts import Parts
from query_api.positions import ProjectionPositions
from query_api.queries import Queries
from query_api.workers import LiveWorkers
from tests.projections.handmade import CREDIT, HandmadeLog, requested
from tests.projections.reading import identity_of

MASTER = MasterKey(bytes(range(32)))


class Urls:
    """Presigned URLs that say what was asked for."""

    def presign_get(
        self,
        key: str,
        expires_s: int,
        *,
        media_type: str | None = None,
        disposition: str | None = None,
        inside: bool = False,
        reached_at: str | None = None,
    ) -> str:
        return f"{reached_at or 'http://objects.test'}/{key}?expires={expires_s}"

    def presign_put(self, key: str, expires_s: int, *, inside: bool = False) -> str:
        raise NotImplementedError


@dataclass
class User:
    """Somebody with an account and a token."""

    user_id: int
    account_id: str
    token: str
    partition: int = field(init=False)

    def __post_init__(self) -> None:
        self.partition = topics.account_partition(self.account_id)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


class World:
    """Everything around the service, and the service at `http`."""

    def __init__(self, url: str, parts: Parts, by_hand: HandmadeLog, tokens: AccessTokens, store: MemoryStore) -> None:
        self.url, self.parts, self.by_hand, self.tokens, self.store = url, parts, by_hand, tokens, store
        self.http: httpx.AsyncClient
        self.projecting: asyncio.Task[None] | None = None
        self._users = 0

    async def user(self, username: str = "ann", credits_: int = 100, role: str = "user") -> User:
        self._users += 1
        user_id, account_id, event_id = self._users, new_id(), new_id()
        await self.parts.sealer.keys.create(account_id)
        sealed = await self.parts.sealer.seal_fields(account_id, event_id, {"username": username, "name": "Ann Ä."})
        event = i.UserRegistered(
            user_id=user_id,
            account_id=account_id,
            username=sealed["username"],
            username_hmac=f"{user_id:064x}",
            name=sealed["name"],
            role=role,
        )
        await self.by_hand.append(str(user_id), event, topics.IDENTITY, id=event_id)
        await self.by_hand.append(account_id, e.AccountOpened(user_id=user_id, granted=credits_ * CREDIT))
        token = await self.tokens.issue(account_id=account_id, user_id=user_id, role=role, token_version=1)
        return User(user_id, account_id, token.token)

    async def task(self, user: User, prompt: str = "a red chair", **fields: Any) -> str:
        """A task that was requested; its prompt is sealed as it must be."""
        task_id, event_id = self.by_hand.new_id(user.partition), new_id()
        sealed = await self.parts.sealer.seal(user.account_id, event_id, "prompt", prompt)
        await self.by_hand.append(user.account_id, requested(task_id, prompt=sealed, **fields), id=event_id)
        return task_id

    async def file(self, user: User, name: str, content: bytes, media_type: str = "image/png") -> str:
        file_id, event_id = new_id(user.partition), new_id()
        sha256 = await self.object(user, content, media_type)
        sealed = await self.parts.sealer.seal(user.account_id, event_id, "file_name", name)
        stored = e.StoredFile(file_id=file_id, name=sealed, media_type=media_type, bytes=len(content), sha256=sha256)
        await self.by_hand.append(user.account_id, e.FileStored(file=stored), id=event_id)
        return file_id

    async def object(self, user: User, content: bytes, media_type: str) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        await self.store.put_bytes(object_key(user.account_id, sha256), content, media_type)
        return sha256

    async def publish(self, model: str = "lathe/form", price: int = CREDIT) -> None:
        event = ModelPublished(
            model=model, version="1.0.0", title="Form", kinds=("text",), params_schema={"type": "object"}, price=price,
            typical_seconds=2.0,
        )  # fmt: skip
        await self.by_hand.append(f"model/{model}", event, topics.CATALOG)

    def project(self) -> None:
        """Let the projector run."""

        async def identify() -> Any:
            return identity_of()

        projector = Projector(self.by_hand.log, identify, self.url, SCHEMA)
        self.projecting = asyncio.create_task(projector.run())

    async def stop_projecting(self) -> None:
        if self.projecting is not None:
            self.projecting.cancel()
            await asyncio.wait([self.projecting])
            self.projecting = None

    async def get(self, path: str, user: User | None = None, **headers: str) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, headers=(user.headers if user else {}) | given)

    @contextlib.asynccontextmanager
    async def stream(self, path: str, user: User, **headers: str) -> AsyncIterator["Stream"]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.stream("GET", path, headers=user.headers | given) as response:
            yield Stream(response)


class Stream:
    """Messages of a running event stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def message(self) -> dict[str, str] | None:
        """The next message as {event, data, id?}; comments too, as {comment}. None at the end."""
        found: dict[str, str] = {}
        async for line in self._lines:
            if line == "":
                if found and "retry" not in found:
                    return found
                found = {}
                continue
            name, _, value = line.partition(": ")
            found[name or "comment"] = value
        return None

    async def events(self, count: int = 1 << 30) -> list[int]:
        """Ids of the next `count` task events, or of all to the end."""
        ids: list[int] = []
        while len(ids) < count and (message := await self.message()) is not None:
            if message.get("event") == "task":
                ids.append(int(message["id"]))
        return ids


@contextlib.asynccontextmanager
async def world(url: str, home: Path, **given: Any) -> AsyncIterator[World]:
    by_hand, store = HandmadeLog(), MemoryStore()
    await by_hand.claim((topics.IDENTITY.name, 0))
    settings = Settings(home=home, public_url="http://lathe.test", _env_file=None, **given)
    pool = await make_pool(url)
    signing = SigningKeys(pool, MASTER.key_wrapping, token_lifetime_s=900)
    await signing.start()
    users = Replica(by_hand.log, topics.IDENTITY, IdentityDecider())
    catalog = Replica(by_hand.log, topics.CATALOG, CatalogDecider())
    positions, ends = ProjectionPositions(url, SCHEMA), LogEnds(by_hand.log, PARTITIONS)
    live = LiveFeed(by_hand.log)
    reading = await make_read_pool(url, SCHEMA, size=4, first_look=positions.require_not_behind)
    tokens = AccessTokens(signing, "http://lathe.test", 900)
    parts = Parts(
        settings=settings,
        log=by_hand.log,
        users=users,
        catalog=catalog,
        queries=Queries(reading),
        positions=positions,
        ends=ends,
        freshness=Freshness(positions, ends, live),
        live=live,
        workers=LiveWorkers(by_hand.log),
        store=store,
        presigner=Urls(),
        sealer=Sealer(keys_of_users(pool, MASTER.key_wrapping, users), SealedObjects(store)),
        signing_keys=signing,
        authenticator=Authenticator(tokens, users),
        tickets=Tickets(pool),
        cursors=Cursors(MASTER.digests),
        audit=Audit(pool),
    )
    await users.start()
    await catalog.start()
    await parts.live.start(await positions.start())
    await parts.workers.start()
    app = make_app()
    app.state.parts, app.state.authenticator = parts, parts.authenticator
    app.state.rate_limits = RateLimits(parts.settings.limits)
    listening = socket.create_server(("127.0.0.1", 0))
    served = with_edge(app, settings, parts.audit)
    server = uvicorn.Server(uvicorn.Config(served, lifespan="off", log_config=None, access_log=False, loop="none"))
    serving = asyncio.create_task(server.serve([listening]))
    here = World(url, parts, by_hand, tokens, store)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=address, timeout=20) as here.http:
            here.project()
            yield here
    finally:
        parts.live.drop_all()
        parts.closing.set()
        server.should_exit = True
        await serving
        await here.stop_projecting()
        await parts.workers.stop()
        await parts.live.stop()
        await positions.stop()
        await catalog.stop()
        await users.stop()
        await reading.close()
        await pool.close()
