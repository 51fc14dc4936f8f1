"""What is kept of webhooks in `ops`: the rows that `processors/webhooks` works with, and what the API puts there.

Rows are the messages that wait and those that ended lately (`adapters/postgres/ops_models.py`). Times are the
database's, so that processes on several machines agree on when something is due.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import msgspec

from adapters.kafka.position import TP, Position
from adapters.webhooks.posting import Outcome
from domain.account.messages import Message
from domain.account.state import Webhook
from domain.errors import NotInState

CURSOR: Final = "webhooks"
"""The name in `ops.cursors`."""
KEPT_DAYS: Final = 30
"""So long a delivery that ended can be looked at."""
MOST_TESTS: Final = 20
"""So many tests of a webhook may wait."""
SWEPT: Final = 5000
"""Rows that are forgotten by one statement: so long nothing is posted, and it has to end in time."""
Why = Literal["event", "redelivery", "test"]


class Known(msgspec.Struct, frozen=True):
    """A webhook as it was saved."""

    webhook_id: str
    account_id: str
    webhook: Webhook
    failing_since: datetime | None
    waiting: int


class Waiting(msgspec.Struct, frozen=True):
    """A message that is to be posted. It is due in `due_in_s`; its first attempt was `age_s` ago."""

    delivery_id: int
    webhook_id: str
    account_id: str
    message_id: str
    body: bytes
    attempts: int
    due_in_s: float
    age_s: float


class Job(msgspec.Struct, frozen=True):
    """A redelivery that did not end."""

    redelivery_id: int
    webhook_id: str
    account_id: str
    since: datetime
    until: datetime
    next_offset: int | None
    end_offset: int | None


Row = tuple[str, str, Why, Message]
"""(webhook id, account id, why, message)."""


class Followed(msgspec.Struct):
    """What a stretch of the log leads to; written in one transaction with the place after it."""

    saved: dict[str, tuple[str, Webhook]] = {}
    """Webhook id → (account id, the webhook as it is now). The clock of its failures begins anew."""
    removed: set[str] = set()
    """Webhook ids."""
    closed: set[str] = set()
    """Account ids: nothing of them is kept."""
    rows: list[Row] = []

    def __bool__(self) -> bool:
        return bool(self.saved or self.removed or self.closed or self.rows)


class Outbox:
    """All that the one process which posts reads and writes, by one connection: whoever has lost it writes nothing."""

    def __init__(self, connection: Any) -> None:
        """`connection`: an asyncpg one that holds the lock."""
        self._connection = connection
        self._turn = asyncio.Lock()
        self._answered_at = float("-inf")

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One statement, or transaction, at a time."""
        async with self._turn:
            yield
            self._answered_at = time.monotonic()

    async def still_leads(self, silent_s: float) -> None:
        """Ask PostgreSQL, unless it has answered in the last `silent_s`. Raises what it raises to who was silent."""
        if time.monotonic() - self._answered_at > silent_s:
            await self.ping()

    async def ping(self) -> None:
        async with self._alone():
            await self._connection.execute("SELECT 1")

    async def webhooks(self) -> list[Known]:
        async with self._alone():
            rows = await self._connection.fetch(_WEBHOOKS)
        return [Known(r[0], r[1], msgspec.json.decode(r[2], type=Webhook), r[3], r[4]) for r in rows]

    async def begin(self, ends: Mapping[TP, int]) -> None:
        """Note the log's ends, unless an earlier process has: what stands before them is not posted."""
        async with self._alone():
            await self._connection.executemany(
                "INSERT INTO ops.webhook_beginnings VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                [(topic, partition, end) for (topic, partition), end in ends.items()],
            )

    async def places(self, tps: Iterable[TP]) -> tuple[dict[TP, Position], dict[TP, int]]:
        """Where to read on in each partition, and its first offset that is posted."""
        async with self._alone():
            first = await self._connection.fetch("SELECT topic, partition, first_offset FROM ops.webhook_beginnings")
            rows = await self._connection.fetch(
                'SELECT topic, partition, next_offset, epoch, nonce, seq FROM ops.cursors WHERE "name" = $1', CURSOR
            )
        positions = {(r[0], r[1]): Position(r[2], r[3], r[4], r[5]) for r in rows}
        return {tp: positions.get(tp, Position()) for tp in tps}, {(r[0], r[1]): r[2] for r in first}

    async def followed(self, found: Followed, positions: Mapping[TP, Position]) -> None:
        async with self._alone(), self._connection.transaction():
            await self._connection.executemany(
                _SAVE,
                [(w, account, msgspec.json.encode(state).decode()) for w, (account, state) in found.saved.items()],
            )
            disabled = [webhook_id for webhook_id, (_, state) in found.saved.items() if not state.enabled]
            if disabled:
                await self._connection.execute(_DROPPED, disabled)
            if enabled := [webhook_id for webhook_id in found.saved if webhook_id not in disabled]:
                await self._connection.execute(_DUE, enabled)
            for column, gone in (("webhook_id", found.removed), ("account_id", found.closed)):
                for table in ("webhooks", "webhook_deliveries", "webhook_redeliveries") if gone else ():
                    await self._connection.execute(f"DELETE FROM ops.{table} WHERE {column} = ANY($1)", list(gone))  # noqa: S608 - both are named above
            await self._enqueue(found.rows)
            await self._connection.executemany(
                _CURSOR, [(CURSOR, t, n, p.offset, p.epoch, p.nonce, p.seq) for (t, n), p in positions.items()]
            )

    async def waiting(self, webhook_id: str, most: int) -> list[Waiting]:
        """The next messages of a webhook, in order. Tests are not among them."""
        async with self._alone():
            rows = await self._connection.fetch(f"{_WAITING} {_IN_ORDER}", webhook_id, most)
        return [Waiting(*row) for row in rows]

    async def tests(self) -> list[Waiting]:
        """The next one of each webhook."""
        async with self._alone():
            return [Waiting(*row) for row in await self._connection.fetch(f"{_WAITING} {_TESTS}")]

    async def delivered(self, delivery: Waiting, outcome: Outcome) -> None:
        async with self._alone():
            await self._connection.execute(_DELIVERED, delivery.delivery_id, outcome.status)

    async def failed(self, delivery: Waiting, outcome: Outcome, again_in_s: float) -> datetime | None:
        """Note an attempt that is to be repeated. Returns since when attempts fail; None: the webhook is gone."""
        async with self._alone(), self._connection.transaction():
            await self._connection.execute(_AGAIN, delivery.delivery_id, outcome.status, outcome.kind, again_in_s)
            since: datetime | None = await self._connection.fetchval(_FAILING, delivery.webhook_id)
            return since

    async def dead(self, delivery: Waiting, status: int | None, error: str) -> None:
        """Note that it is not tried any more."""
        async with self._alone():
            await self._connection.execute(_ENDED, delivery.delivery_id, "dead", status, error)

    async def jobs(self) -> list[Job]:
        async with self._alone():
            return [Job(*row) for row in await self._connection.fetch(_JOBS)]

    async def found(self, job: Job, rows: Sequence[Row], next_offset: int, end_offset: int) -> None:
        """Put messages of a redelivery behind those that wait, and note how far the log was read for it."""
        async with self._alone(), self._connection.transaction():
            await self._enqueue(rows)
            await self._connection.execute(_FOUND, job.redelivery_id, next_offset, end_offset, len(rows))

    async def job_ended(self, job: Job, error: str | None) -> None:
        async with self._alone():
            state = "done" if error is None else "failed"
            await self._connection.execute(_JOB_ENDED, job.redelivery_id, state, error)

    async def swept(self) -> None:
        """Forget what ended long ago, and what belongs to no webhook any more; others have their turn in between."""
        for statement in _SWEEPS:
            while await self._forgotten(statement) == SWEPT:
                pass

    async def _forgotten(self, statement: str) -> int:
        async with self._alone():
            status: str = await self._connection.execute(statement, SWEPT)
        return int(status.removeprefix("DELETE "))

    async def overdue_s(self) -> float:
        """Seconds since the first message that is due should have been tried."""
        async with self._alone():
            return float(await self._connection.fetchval(_OVERDUE))

    async def _enqueue(self, rows: Sequence[Row]) -> None:
        if rows:
            webhooks, accounts, why, messages = zip(*rows, strict=True)
            ids, types, bodies = zip(*((m.id, m.type, m.body()) for m in messages), strict=True)
            await self._connection.execute(_ENQUEUE, webhooks, accounts, why, ids, types, bodies)


async def enqueue_test(pool: Any, webhook_id: str, account_id: str, message: Message) -> int | None:
    """A test delivery; its id. None: `MOST_TESTS` of this webhook wait already."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"tests of {webhook_id}")
        delivery_id: int | None = await connection.fetchval(
            _TEST, webhook_id, account_id, message.id, message.type, message.body()
        )
        return delivery_id


async def order_redelivery(pool: Any, webhook_id: str, account_id: str, since: datetime, until: datetime) -> int:
    """Have the messages of a time range posted again; the order's id. Raises NotInState while another one runs."""
    try:
        return int(await pool.fetchval(_ORDER, webhook_id, account_id, since, until))
    except asyncpg.UniqueViolationError:
        raise NotInState("A redelivery to this webhook is under way; wait for its end.") from None


_WEBHOOKS: Final = """
SELECT w.webhook_id, w.account_id, w.state::text, w.failing_since, (
    SELECT count(*) FROM ops.webhook_deliveries d
    WHERE d.webhook_id = w.webhook_id AND d.state = 'waiting' AND d.why <> 'test')
FROM ops.webhooks w
"""
_SAVE: Final = """
INSERT INTO ops.webhooks (webhook_id, account_id, state) VALUES ($1, $2, $3::jsonb)
ON CONFLICT (webhook_id) DO UPDATE SET state = excluded.state, failing_since = NULL
"""
_CURSOR: Final = """
INSERT INTO ops.cursors VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name, topic, partition)
DO UPDATE SET next_offset = $4, epoch = $5, nonce = $6, seq = $7
"""
_INSERT: Final = "INSERT INTO ops.webhook_deliveries (webhook_id, account_id, why, message_id, type, body, state)"
_TEST: Final = f"""
{_INSERT}
SELECT $1, $2, 'test', $3, $4, $5, 'waiting' WHERE {MOST_TESTS} > (
    SELECT count(*) FROM ops.webhook_deliveries WHERE webhook_id = $1 AND state = 'waiting' AND why = 'test')
RETURNING delivery_id
"""  # noqa: S608 - only names of columns, and a number
_ENQUEUE: Final = f"""
{_INSERT}
SELECT w, a, y, m, t, b, 'waiting'
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
    WITH ORDINALITY AS r(w, a, y, m, t, b, place) ORDER BY place
"""  # noqa: S608 - only names of columns
_DROPPED: Final = """
UPDATE ops.webhook_deliveries SET state = 'dead', ended_at = now(), error = 'webhook-disabled'
WHERE webhook_id = ANY($1) AND state = 'waiting' AND why <> 'test'
"""
_DUE: Final = """
UPDATE ops.webhook_deliveries SET next_attempt_at = now()
WHERE webhook_id = ANY($1) AND state = 'waiting' AND next_attempt_at > now()
"""
_WAITING: Final = """
SELECT delivery_id, webhook_id, account_id, message_id, body, attempts,
    extract(epoch FROM next_attempt_at - clock_timestamp())::float8,
    coalesce(extract(epoch FROM clock_timestamp() - first_attempt_at), 0)::float8
FROM ops.webhook_deliveries
"""
_IN_ORDER: Final = "WHERE webhook_id = $1 AND state = 'waiting' AND why <> 'test' ORDER BY delivery_id LIMIT $2"
_TESTS: Final = """
WHERE state = 'waiting' AND delivery_id IN (
    SELECT min(delivery_id) FROM ops.webhook_deliveries WHERE state = 'waiting' AND why = 'test' GROUP BY webhook_id)
ORDER BY delivery_id
"""
_END: Final = """
UPDATE ops.webhook_deliveries SET attempts = attempts + 1, ended_at = clock_timestamp(),
    first_attempt_at = coalesce(first_attempt_at, clock_timestamp()), last_attempt_at = clock_timestamp()
"""
_ENDED: Final = f"{_END}, state = $2, http_status = $3, error = $4 WHERE delivery_id = $1 AND state = 'waiting'"
_DELIVERED: Final = f"""
WITH done AS ({_END}, state = 'delivered', http_status = $2, error = NULL
    WHERE delivery_id = $1 AND state = 'waiting' RETURNING webhook_id)
UPDATE ops.webhooks w SET failing_since = NULL FROM done
WHERE w.webhook_id = done.webhook_id AND w.failing_since IS NOT NULL
"""  # noqa: S608 - the first half is above
_AGAIN: Final = """
UPDATE ops.webhook_deliveries SET attempts = attempts + 1, http_status = $2, error = $3,
    first_attempt_at = coalesce(first_attempt_at, clock_timestamp()), last_attempt_at = clock_timestamp(),
    next_attempt_at = clock_timestamp() + make_interval(secs => $4)
WHERE delivery_id = $1 AND state = 'waiting'
"""
_FAILING: Final = """
UPDATE ops.webhooks SET failing_since = coalesce(failing_since, clock_timestamp()) WHERE webhook_id = $1
RETURNING failing_since
"""
_JOBS: Final = """
SELECT redelivery_id, webhook_id, account_id, since, until, next_offset, end_offset
FROM ops.webhook_redeliveries WHERE state = 'open' ORDER BY redelivery_id
"""
_ORDER: Final = """
INSERT INTO ops.webhook_redeliveries (webhook_id, account_id, since, until) VALUES ($1, $2, $3, $4)
RETURNING redelivery_id
"""
_FOUND: Final = """
UPDATE ops.webhook_redeliveries SET next_offset = $2, end_offset = $3, found = found + $4 WHERE redelivery_id = $1
"""
_JOB_ENDED: Final = """
UPDATE ops.webhook_redeliveries SET state = $2, error = $3, ended_at = now() WHERE redelivery_id = $1
"""
_SWEEPS: Final = (
    f"""
    DELETE FROM ops.webhook_deliveries WHERE delivery_id = ANY (ARRAY(
        SELECT delivery_id FROM ops.webhook_deliveries WHERE ended_at < now() - interval '{KEPT_DAYS} days'
        ORDER BY ended_at LIMIT $1))
    """,  # noqa: S608 - a number
    """
    WITH RECURSIVE waits AS (
        SELECT min(webhook_id) AS webhook_id FROM ops.webhook_deliveries WHERE state = 'waiting'
        UNION ALL
        SELECT (SELECT min(d.webhook_id) FROM ops.webhook_deliveries d
                WHERE d.state = 'waiting' AND d.webhook_id > waits.webhook_id)
        FROM waits WHERE webhook_id IS NOT NULL)
    DELETE FROM ops.webhook_deliveries WHERE delivery_id = ANY (ARRAY(
        SELECT d.delivery_id FROM waits JOIN ops.webhook_deliveries d ON d.webhook_id = waits.webhook_id
        WHERE NOT EXISTS (SELECT FROM ops.webhooks w WHERE w.webhook_id = waits.webhook_id)
            AND d.state = 'waiting' AND d.created_at < now() - interval '1 hour'
        LIMIT $1))
    """,
    """
    DELETE FROM ops.webhook_redeliveries WHERE redelivery_id = ANY (ARRAY(
        SELECT redelivery_id FROM ops.webhook_redeliveries r WHERE r.created_at < now() - interval '1 hour'
            AND NOT EXISTS (SELECT FROM ops.webhooks w WHERE w.webhook_id = r.webhook_id)
        LIMIT $1))
    """,
)
"""Each deliveries' one by an index, however many there are: nothing is posted meanwhile. The second goes from one
webhook that has something waiting to the next, not from row to row."""
_OVERDUE: Final = """
SELECT coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(head.next_attempt_at))), 0)::float8
FROM ops.webhooks w CROSS JOIN LATERAL (
    SELECT next_attempt_at FROM ops.webhook_deliveries d
    WHERE d.webhook_id = w.webhook_id AND d.state = 'waiting' AND d.why <> 'test' ORDER BY delivery_id LIMIT 1) head
"""
