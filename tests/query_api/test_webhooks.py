"""Webhooks and their deliveries as their owner sees them, while the role that posts works on the same log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from adapters.commands.client import CommandClient
from adapters.ids import new_id
from adapters.kafka.directory import Directory
from adapters.webhooks.addresses import Addresses
from adapters.webhooks.posting import Poster
from adapters.webhooks.signatures import new_secret
from domain.account import events as e
from processors.webhooks.schedule import Schedule
from processors.webhooks.webhooks import Webhooks
from tests.command_api.world import until
from tests.query_api.world import User, World
from tests.webhooks.posting import LOCAL
from tests.webhooks.receiver import Receiver, receiver


@pytest.fixture(autouse=True)
async def nothing_known(here: World) -> None:
    connection = await asyncpg.connect(here.url)
    tables = ("webhooks", "webhook_deliveries", "webhook_redeliveries", "webhook_beginnings", "cursors")
    await connection.execute("TRUNCATE " + ", ".join(f"ops.{table}" for table in tables))
    await connection.close()


@asynccontextmanager
async def posting(here: World) -> AsyncIterator[None]:
    commands, poster = CommandClient(Directory(here.by_hand.log), b""), Poster(Addresses(LOCAL))
    sealer, schedule = here.parts.sealer, Schedule(delays_s=(3600,))
    posts = Webhooks(here.by_hand.log, here.url, commands, sealer, poster, schedule)
    ready = asyncio.Event()
    running = asyncio.create_task(posts.run(ready.set))
    await ready.wait()
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])
        await poster.stop()


async def added(here: World, user: User, url: str, **fields: Any) -> str:
    webhook_id, event_id = new_id(user.partition), new_id()
    sealed = await here.parts.sealer.seal_fields(user.account_id, event_id, {"url": url, "secret": new_secret()})
    event = e.WebhookAdded(webhook_id=webhook_id, url=sealed["url"], secret=sealed["secret"], **fields)
    await here.by_hand.append(user.account_id, event, id=event_id)
    return webhook_id


async def told(here: World, there: Receiver, user: User, path: str) -> dict[str, Any]:
    answer = await here.get(path, user)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_webhook_is_there_as_soon_as_it_was_added_and_tells_how_it_fares(here: World) -> None:
    ann, bob = await here.user("ann"), await here.user("bob")
    async with receiver() as there, posting(here):
        there.answer = lambda got: 500
        webhook_id = await added(here, ann, there.url, types=("task.requested",))
        path = f"/webhooks/{webhook_id}"
        found = await told(here, there, ann, path)
        assert (found["url"], found["types"], found["enabled"]) == (there.url, ["task.requested"], True)
        assert "secret" not in found
        assert (found["failing_since"], found["waiting"]) == (None, 0)
        await here.task(ann)
        await here.task(ann)

        async def failing() -> bool:
            return (await told(here, there, ann, path))["failing_since"] is not None

        await until(failing, "a failure")
        found = await told(here, there, ann, path)
        assert (await told(here, there, ann, "/webhooks"))["items"] == [found]
        assert found["waiting"] == 2
        assert (await told(here, there, bob, "/webhooks"))["items"] == []


async def test_deliveries_page_filter_and_show_what_is_posted(here: World) -> None:
    ann = await here.user()
    async with receiver() as there, posting(here):
        path = f"/webhooks/{await added(here, ann, there.url)}"
        tasks = [await here.task(ann) for _ in range(5)]
        await there.until(lambda: len(there.got) == 5)

        async def delivered() -> bool:
            return bool((await told(here, there, ann, f"{path}/deliveries?state=delivered"))["total"] == 5)

        await until(delivered, "all deliveries")
        first = await told(here, there, ann, f"{path}/deliveries?limit=3")
        rest = await told(here, there, ann, f"{path}/deliveries?limit=3&cursor={first['next']}")
        assert rest["next"] is None
        items = first["items"] + rest["items"]
        assert [item["message_id"] for item in items] == list(reversed(there.ids))
        one = await told(here, there, ann, f"{path}/deliveries/{items[0]['delivery_id']}")
        assert one["body"]["data"]["task_id"] == tasks[-1]
        assert (one["state"], one["attempts"], one["http_status"], one["why"]) == ("delivered", 1, 204, "event")
        assert (await told(here, there, ann, f"{path}/deliveries?state=dead"))["items"] == []
        tampered = await here.get(f"{path}/deliveries?cursor={first['next'][:-2]}AA", ann)
        assert tampered.status_code == 422


async def test_what_is_not_there_is_404_whatever_is_asked(here: World) -> None:
    ann, bob = await here.user("ann"), await here.user("bob")
    async with receiver() as there, posting(here):
        mine = await added(here, ann, there.url)
        await here.task(ann)
        await there.until(lambda: there.got)
        await told(here, there, ann, f"/webhooks/{mine}")
        for webhook_id in (mine, new_id(), "x", "%00", "..%2f..", "a" * 300):
            for tail in ("", "/deliveries", "/deliveries/1", "/redeliveries/1"):
                assert (await here.get(f"/webhooks/{webhook_id}{tail}", bob)).status_code == 404, (webhook_id, tail)
        assert (await here.get(f"/webhooks/{mine}/deliveries/{1 << 62}", ann)).status_code == 404
        assert (await here.get(f"/webhooks/{mine}/deliveries/{1 << 63}", ann)).status_code == 422
