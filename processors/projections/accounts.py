"""Accounts with their wallets, and the ledger: every event that moved credits."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from domain.account.events import AccountClosed, AccountOpened
from processors.projections.money import Movement, movement_of
from processors.projections.port import Connection, Fact, Row, Taken, require_rows
from processors.projections.streams import Span, require_first


class _Change(msgspec.Struct):
    """What a batch does to one account. For a new one the sums are its figures."""

    span: Span
    updated_at: datetime
    user_id: int = 0
    opened_at: datetime | None = None
    status: str | None = None
    balance: int = 0
    reserved: int = 0
    granted: int = 0
    charged: int = 0
    forfeited: int = 0

    def move(self, movement: Movement) -> None:
        self.balance += movement.balance
        self.reserved += movement.reserved
        self.granted += movement.granted
        self.charged += movement.charged
        self.forfeited += movement.forfeited


class AccountRows:
    """Every event of an account raises its `version`: this is where gaps in streams are found."""

    takes: ClassVar[Taken] = None

    def __init__(self) -> None:
        self._changes: dict[str, _Change] = {}
        self._ledger: list[tuple[Any, ...]] = []

    def fold(self, fact: Fact) -> None:
        event, time = fact.event, fact.envelope.time
        require_first(fact, isinstance(event, AccountOpened))
        change = self._changes.get(fact.key)
        if change is None:
            change = self._changes[fact.key] = _Change(Span(fact.version, fact.version), time)
        else:
            change.span.extend(fact.version, "stream version")
            change.updated_at = time
        if isinstance(event, AccountOpened):
            change.user_id, change.opened_at, change.status = event.user_id, time, "open"
        elif isinstance(event, AccountClosed):
            change.status = "closed"
        movement = movement_of(event)
        if movement is not None:
            change.move(movement)
            m = movement
            self._ledger.append(
                (fact.key, fact.version, m.kind, time, m.task_id, m.balance, m.reserved, m.granted, m.charged,
                 m.forfeited, m.reason)
            )  # fmt: skip

    async def write(self, connection: Connection) -> None:
        new = [(key, c) for key, c in self._changes.items() if c.span.first == 1]
        old = [(key, c) for key, c in self._changes.items() if c.span.first > 1]
        if new:
            await connection.copy_records_to_table("accounts", columns=_COLUMNS, records=[_row(*item) for item in new])
        if old:
            columns = zip(*(_delta(*item) for item in old), strict=True)
            require_rows(await connection.execute(_UPDATE, *columns), len(old), "accounts at the version before")
        if self._ledger:
            await connection.copy_records_to_table("ledger", columns=_LEDGER, records=self._ledger)

    def drain(self, fact: Fact | None) -> Iterator[Row]:
        for row in self._ledger:
            yield Row("ledger", _LEDGER, row)
        self._ledger.clear()
        if fact is None:
            for account_id, change in self._changes.items():
                yield Row("accounts", _COLUMNS, _row(account_id, change))
            self._changes.clear()


def _row(account_id: str, c: _Change) -> tuple[Any, ...]:
    return (account_id, c.user_id, c.status, c.balance, c.reserved, c.granted, c.charged, c.forfeited, c.opened_at,
            c.updated_at, c.span.last)  # fmt: skip


def _delta(account_id: str, c: _Change) -> tuple[Any, ...]:
    return (account_id, c.span.first - 1, c.span.last, c.status, c.balance, c.reserved, c.granted, c.charged,
            c.forfeited, c.updated_at)  # fmt: skip


_COLUMNS = ("account_id", "user_id", "status", "balance", "reserved", "granted", "charged", "forfeited", "opened_at",
            "updated_at", "version")  # fmt: skip
_LEDGER = ("account_id", "version", "kind", "time", "task_id", "balance", "reserved", "granted", "charged",
           "forfeited", "reason")  # fmt: skip
_UPDATE = """
UPDATE accounts a SET
    version = u.last, status = COALESCE(u.status, a.status), balance = a.balance + u.balance,
    reserved = a.reserved + u.reserved, granted = a.granted + u.granted, charged = a.charged + u.charged,
    forfeited = a.forfeited + u.forfeited, updated_at = u.updated_at
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::timestamptz[])
    AS u(account_id, before, last, status, balance, reserved, granted, charged, forfeited, updated_at)
WHERE a.account_id = u.account_id AND a.version = u.before
"""
