"""Queries about webhooks: what `processors/webhooks` keeps in `ops`. An account finds its own alone."""

import asyncio
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Table, func, select

from adapters.kafka import topics
from adapters.kafka.position import TP
from adapters.postgres.ops_models import Cursor, OpsBase
from adapters.postgres.webhooks import CURSOR
from domain.account.state import Webhook
from domain.account.views import webhook_view
from domain.errors import NotFound
from domain.ids import partition_in
from query_api.parts import Parts
from query_api.queries import Row

PATIENCE_S: Final = 2.0
_LOOK_S: Final = 0.05
_tables: Final = OpsBase.metadata.tables
webhooks: Final[Table] = _tables["ops.webhooks"]
deliveries: Final[Table] = _tables["ops.webhook_deliveries"]
redeliveries: Final[Table] = _tables["ops.webhook_redeliveries"]
_SHOWN: Final = [column for column in deliveries.c if column.name != "body"]


class WebhookQueries:
    """Of one account. All methods raise DependencyDown when PostgreSQL does not answer."""

    def __init__(self, parts: Parts, account_id: str) -> None:
        self._parts, self._account_id = parts, account_id
        self._tp: TP = (topics.ACCOUNTS.name, topics.account_partition(account_id))

    async def all(self) -> list[Row]:
        """All webhooks of the account as they are now: what was decided before this question is in them."""
        await self._caught_up()
        return await self._rows(webhooks, [])

    async def one(self, webhook_id: str) -> Row:
        """Raises NotFound, alike for others' webhooks."""
        wanted = [webhooks.c.webhook_id == _known(webhook_id)]
        await self._caught_up()
        rows = await self._rows(webhooks, wanted)
        if not rows:
            raise NotFound("There is no such webhook.")
        return rows[0]

    async def deliveries(
        self, webhook_id: str, state: str | None, before: int | None, offset: int, limit: int
    ) -> tuple[list[Row], int]:
        """The newest first, and how many there are in all."""
        mine = [deliveries.c.webhook_id == webhook_id, deliveries.c.account_id == self._account_id]
        if state is not None:
            mine.append(deliveries.c.state == state)
        page = select(*_SHOWN).where(*mine).order_by(deliveries.c.delivery_id.desc()).offset(offset).limit(limit)
        if before is not None:
            page = page.where(deliveries.c.delivery_id < before)
        return await self._parts.queries.rows(page), await self._parts.queries.count(deliveries, mine)

    async def delivery(self, webhook_id: str, delivery_id: int) -> Row:
        """With its `body`. Raises NotFound."""
        wanted = [deliveries.c.webhook_id == _known(webhook_id), deliveries.c.delivery_id == delivery_id]
        rows = await self._rows(deliveries, wanted)
        if not rows:
            raise NotFound("There is no such delivery. Those that ended are kept for 30 days.")
        return rows[0]

    async def waiting(self, webhook_id: str) -> int:
        """How many messages wait to be posted."""
        mine = [deliveries.c.webhook_id == webhook_id, deliveries.c.state == "waiting"]
        return await self._parts.queries.count(deliveries, mine)

    async def redelivery(self, webhook_id: str, redelivery_id: int) -> Row:
        """Raises NotFound."""
        wanted = [redeliveries.c.webhook_id == _known(webhook_id), redeliveries.c.redelivery_id == redelivery_id]
        rows = await self._rows(redeliveries, wanted)
        if not rows:
            raise NotFound("There is no such redelivery.")
        return rows[0]

    async def _rows(self, table: Table, wanted: list[ColumnElement[bool]]) -> list[Row]:
        key = next(iter(table.primary_key))
        return await self._parts.queries.rows(
            select(table).where(table.c.account_id == self._account_id, *wanted).order_by(key)
        )

    async def _caught_up(self) -> None:
        """Wait (2 s at most) until what posts has read the account's partition to its present end."""
        end = (await self._parts.ends.now())[self._tp]
        place = select(func.max(Cursor.next_offset).label("place")).where(
            Cursor.name == CURSOR, Cursor.topic == self._tp[0], Cursor.partition == self._tp[1]
        )
        for _ in range(round(PATIENCE_S / _LOOK_S)):
            if ((await self._parts.queries.rows(place))[0]["place"] or 0) >= end:
                return
            await asyncio.sleep(_LOOK_S)


def _known(webhook_id: str) -> str:
    """What could be an id. Raises NotFound, the same as for a missing one."""
    try:
        partition_in(webhook_id)
    except ValueError:
        raise NotFound("There is no such webhook.") from None
    return webhook_id


def view_of(row: Row) -> dict[str, object]:
    """A row of `ops.webhooks` as its owner's view."""
    return webhook_view(row["webhook_id"], msgspec.convert(row["state"], Webhook))
