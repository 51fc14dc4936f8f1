"""What the poster reads and forgets of its rows, whoever made them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from adapters.postgres import webhooks
from adapters.postgres.webhooks import Outbox, enqueue_test
from domain.account.messages import TEST, Message
from tests.webhooks.posting import Posting

TESTED = Message(id="m", type=TEST, time=datetime(2030, 1, 1, tzinfo=UTC), data={})


@pytest.fixture
async def outbox(posting: Posting) -> AsyncIterator[Outbox]:
    connection = await asyncpg.connect(posting.url)
    yield Outbox(connection)
    await connection.close()


async def test_many_tests_of_one_webhook_are_in_nobodys_way(posting: Posting, outbox: Outbox) -> None:
    pool = posting.here.parts.pool
    ids = [await enqueue_test(pool, webhook, "a", TESTED) for webhook in [*["slow"] * 150, "other"]]
    assert [test.delivery_id for test in await outbox.tests()] == [ids[0], ids[-1]]
    await outbox.dead((await outbox.tests())[0], 500, "refused")
    assert [test.delivery_id for test in await outbox.tests()] == [ids[1], ids[-1]]


async def test_what_is_over_and_what_belongs_to_nobody_is_forgotten(posting: Posting, outbox: Outbox) -> None:
    await posting.execute("INSERT INTO ops.webhooks VALUES ('mine', 'a', '{}')")
    for webhook, state, made, ended in (
        ("mine", "delivered", 31, 31),
        ("mine", "delivered", 31, 29),
        ("mine", "waiting", 31, None),
        ("gone", "waiting", 1, None),
        ("gone", "waiting", 0, None),
    ):
        await posting.execute(
            "INSERT INTO ops.webhook_deliveries (webhook_id, account_id, why, message_id, type, body, state,"
            " created_at, ended_at) VALUES ($1, 'a', 'event', 'm', 't', '', $2, now() - make_interval(days => $3),"
            " now() - make_interval(days => $4::int))",
            *(webhook, state, made, ended),
        )
    for webhook, made in (("mine", 1), ("gone", 1)):
        await posting.execute(
            "INSERT INTO ops.webhook_redeliveries (webhook_id, account_id, since, until, created_at)"
            " VALUES ($1, 'a', now(), now(), now() - make_interval(days => $2))",
            *(webhook, made),
        )
    await outbox.swept()
    kept = await posting.rows("SELECT webhook_id, state FROM ops.webhook_deliveries ORDER BY delivery_id")
    assert [tuple(row) for row in kept] == [("mine", "delivered"), ("mine", "waiting"), ("gone", "waiting")]
    assert [job.webhook_id for job in await outbox.jobs()] == ["mine"]


class Noting:
    """A connection that keeps what each statement answered."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.answers: list[str] = []

    async def execute(self, *statement: Any) -> str:
        status: str = await self._connection.execute(*statement)
        self.answers.append(status)
        return status


async def test_much_is_forgotten_little_by_little(posting: Posting, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it ends in time, and whoever posts does not wait for all of it."""
    monkeypatch.setattr(webhooks, "SWEPT", 3)
    await posting.execute("INSERT INTO ops.webhooks VALUES ('mine', 'a', '{}')")
    for webhook, state, ended, many in (
        ("mine", "dead", "now() - interval '40 days'", 8),
        ("mine", "waiting", "NULL", 4),
        ("gone", "waiting", "NULL", 6),
    ):
        await posting.execute(
            "INSERT INTO ops.webhook_deliveries (webhook_id, account_id, why, message_id, type, body, state,"
            f" created_at, ended_at) SELECT $1, 'a', 'event', 'm', 't', '', $2, now() - interval '41 days', {ended}"
            " FROM generate_series(1, $3)",
            *(webhook, state, many),
        )
    connection = await asyncpg.connect(posting.url)
    noting = Noting(connection)
    outbox = Outbox(noting)
    sweeping = asyncio.create_task(outbox.swept())
    while not sweeping.done():
        await outbox.ping()
    await sweeping
    await connection.close()
    deleted = [status for status in noting.answers if status != "SELECT 1"]
    assert deleted == [f"DELETE {many}" for many in (3, 3, 2, 3, 3, 0, 0)]
    between = "".join("d" if status.startswith("DELETE") else "." for status in noting.answers)
    assert "dd" not in between
    kept = await posting.rows("SELECT webhook_id, state FROM ops.webhook_deliveries ORDER BY delivery_id")
    assert [tuple(row) for row in kept] == [("mine", "waiting")] * 4
