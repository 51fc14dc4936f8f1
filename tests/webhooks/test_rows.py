"""What the poster reads and forgets of its rows, whoever made them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

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
