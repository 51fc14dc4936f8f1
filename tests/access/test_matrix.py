"""Every route of both services, asked by everybody: answered as `docs/access-matrix.yaml` says."""

import asyncio
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

import command_api.app
import query_api.app
from adapters.ids import new_id
from adapters.kafka import topics
from adapters.object_store.memory import MemoryStore
from adapters.postgres.read.tables import SCHEMA
from domain.identity.commands import ChangeRole
from tests.access.matrix import MATRIX, ROLES, access_of, judge, operations_of
from tests.command_api import world as writing
from tests.projections.handmade import requested
from tests.query_api import world as reading

READS = operations_of(query_api.app.ROUTERS)
WRITES = operations_of(command_api.app.ROUTERS)
DELETION = "DELETE /users/{user_id}"
"""The owner's last request; an admin may delete again what is deleted."""
LAST = {"DELETE /webhooks/{webhook_id}", DELETION}
"""After all else that is asked about the same thing."""
BOTH = {"GET /healthz", "GET /readyz", "GET /metrics"}
Headers = dict[str, dict[str, str]]


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert set(MATRIX["operations"]) == READS | WRITES
    assert READS & WRITES == BOTH


def test_every_kind_says_something_of_everybody() -> None:
    for name, kind in MATRIX["kinds"].items():
        assert tuple(kind["access"]) == ROLES, name
        assert kind["en"].endswith(".")
        assert kind["ru"].endswith(".")
        assert all(allowed is True or allowed in (401, 403, 404) for allowed in kind["access"].values())
    assert set(MATRIX["operations"].values()) == set(MATRIX["kinds"])


@pytest.fixture(scope="module")
def database(fresh_read_models: Callable[[], str]) -> str:
    return fresh_read_models()


async def asked(http: httpx.AsyncClient, operations: set[str], values: dict[str, str], everybody: Headers) -> list[str]:
    """What is wrong. Whoever must be refused comes first: nothing of what they tried may have changed anything."""
    wrong: list[str] = []
    for operation in sorted(operations, key=lambda operation: (operation in LAST, operation == DELETION, operation)):
        method, _, path = operation.partition(" ")
        filled = path.format(**values)
        access = access_of(operation)
        for role in sorted(ROLES, key=lambda role: (access[role] is True, role == "admin", role)):
            request: dict[str, Any] = {} if method == "GET" else {"json": {}}
            headers = everybody[role] | {"accept": "application/json"}  # the life of a task has no end yet
            answer = await http.request(method, filled, headers=headers, **request)
            wrong.append(judge(operation, role, answer))
    return [found for found in wrong if found]


class Store(MemoryStore):
    """Objects in memory, with the addresses of a real store: nobody here goes there."""

    def presign_upload(self, key: str, size: int, expires_s: int, **_: Any) -> str:
        return f"http://objects.test/{key}"


async def test_reads(database: str, tmp_path: Path) -> None:
    async with reading.world(database, tmp_path) as here:
        owner = await here.user("owner")
        task_id = await here.task(owner)
        file_id = await here.file(owner, "photo.png", b"PNG")
        offset = len(here.by_hand.log.partitions[("lathe.accounts", owner.partition)])
        await here.by_hand.append(owner.account_id, requested(here.by_hand.new_id()), value=b"{")
        people = {role: await here.user(role, role=role) for role in ("user", "operator", "admin")}
        everybody = {role: user.headers for role, user in people.items()} | _others(owner.headers, "no-access-token")
        values = {
            "task_id": task_id,
            "file_id": file_id,
            "letter_id": f"lathe.accounts:{owner.partition}@{offset}",
            "code": "not-found",
            "event_type": "lathe.task.requested.v1",
            "name": "swagger-ui.css",
        } | await _posted(database, owner.account_id)
        while (await here.get(f"/admin/dead-letters/{values['letter_id']}", people["admin"])).status_code != 200:
            await asyncio.sleep(0.02)
        assert await asked(here.http, READS, values, everybody) == []


async def test_writes(database: str, tmp_path: Path) -> None:
    async with writing.world(database, tmp_path, store=Store()) as here:
        owner, user = await here.user("owner"), await here.user("user")
        everybody = {"user": user.headers} | _others(owner.headers, writing.SERVICE_TOKEN)
        for role in ("operator", "admin"):
            someone = await here.user(role)
            await here.decided(topics.IDENTITY, 0, ChangeRole(user_id=someone.user_id, role=role))
            token = (await here.login(someone.username))["access_token"]
            everybody[role] = {"authorization": f"Bearer {token}"}
        task_id = await here.task(owner)
        invited = await here.post("/uploads", owner, json={"name": "a.bin", "media_type": "text/plain", "bytes": 3})
        added = await here.post("/webhooks", owner, json={"url": "https://93.184.216.34/hooks"})
        values = {
            "task_id": task_id,
            "upload_id": invited.json()["upload_id"],
            "account_uuid": owner.account_id,
            "user_id": str(owner.user_id),
            "letter_id": await _parked(database),
            "webhook_id": added.json()["webhook_id"],
            "attempt": "1",
        }
        balance = await here.wallet(owner)
        assert await asked(here.http, WRITES, values, everybody) == []
        # The owner alone changed something: the task was cancelled; a fork and a retry of it hold their price.
        assert await here.wallet(owner) == (balance[0] - 1, balance[1] + 1)


def _others(owner: dict[str, str], service_token: str) -> Headers:
    return {"anonymous": {}, "owner": owner, "service": {"authorization": f"Bearer {service_token}"}}


async def _posted(url: str, account_id: str) -> dict[str, str]:
    """A webhook with a delivery and a redelivery, as what posts keeps them; it has read all there is."""
    connection = await asyncpg.connect(url)
    hook: dict[str, Any] = dict.fromkeys(("created_at", "updated_at"), "2030-01-02T03:04:05Z")
    hook |= {text: {"event_id": "e", "field": "f", "enc": "", "object": "00"} for text in ("url", "secret")}
    webhook_id = new_id()
    await connection.execute(
        "INSERT INTO ops.cursors SELECT 'webhooks', 'lathe.accounts', p, 1000000, 0, '', 0"
        " FROM generate_series(0, 11) AS p"
    )
    await connection.execute(
        "INSERT INTO ops.webhooks VALUES ($1, $2, $3::jsonb)", webhook_id, account_id, json.dumps(hook)
    )
    delivery_id = await connection.fetchval(
        "INSERT INTO ops.webhook_deliveries (webhook_id, account_id, why, message_id, type, body, state)"
        " VALUES ($1, $2, 'test', 'm', 'webhook.test', '{}', 'waiting') RETURNING delivery_id",
        *(webhook_id, account_id),
    )
    redelivery_id = await connection.fetchval(
        "INSERT INTO ops.webhook_redeliveries (webhook_id, account_id, since, until)"
        " VALUES ($1, $2, now(), now()) RETURNING redelivery_id",
        *(webhook_id, account_id),
    )
    await connection.close()
    numbers = {"delivery_id": str(delivery_id), "redelivery_id": str(redelivery_id)}
    return {"webhook_id": webhook_id} | numbers


async def _parked(url: str) -> str:
    """A dead letter that nobody folds here."""
    offset = uuid.uuid4().int >> 80
    connection = await asyncpg.connect(url)
    await connection.execute(
        f'INSERT INTO {SCHEMA}.parked_records (topic, partition, "offset", why, role, headers, parked_at)'
        " VALUES ('lathe.accounts', 0, $1, 'a test', 'poison', '', now())",
        offset,
    )
    await connection.close()
    return f"lathe.accounts:0@{offset}"
