"""The ledger of an account: which movements are wanted, and the balance after each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, FromClause, and_, func, not_, or_, select

from adapters.postgres.read.tables import ledger

KINDS: Final = {
    "sign-up": "grant",
    "adjustment": "adjustment",
    "reservation": "reservation",
    "completed": "charge",
    "failed": "release",
    "cancelled": "release",
    "forfeit": "forfeit",
}
"""Kind of a row → type of the transaction. What was cancelled and paid for in part is a charge."""


class LedgerFilter(msgspec.Struct, frozen=True):
    """Movements of one account."""

    account_id: str
    types: Sequence[str] = ()
    task_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self, rows: FromClause) -> list[ColumnElement[bool]]:
        """On the ledger, or on what `with_balances` made of it."""
        found: list[ColumnElement[bool]] = []
        if self.types:
            found.append(or_(*(_is(rows, name) for name in self.types)))
        if self.task_id is not None:
            found.append(rows.c.task_id == self.task_id)
        if self.since is not None:
            found.append(rows.c.time >= self.since)
        if self.until is not None:
            found.append(rows.c.time < self.until)
        return found


def type_of(kind: str, charged: int) -> str:
    """The type of a movement."""
    return "charge" if kind == "cancelled" and charged > 0 else KINDS[kind]


def with_balances(account_id: str) -> FromClause:
    """The account's movements, each with the sums up to it: `balance_after`, `reserved_after`."""

    def up_to_here(name: str) -> Any:
        return func.sum(ledger.c[name]).over(order_by=ledger.c.version).label(f"{name}_after")

    rows = select(ledger, up_to_here("balance"), up_to_here("reserved")).where(ledger.c.account_id == account_id)
    return rows.subquery()


def _is(rows: FromClause, name: str) -> ColumnElement[bool]:
    kinds = [kind for kind, told in KINDS.items() if told == name]
    paid = and_(rows.c.kind == "cancelled", rows.c.charged > 0)
    if name == "charge":
        return or_(rows.c.kind.in_(kinds), paid)
    return and_(rows.c.kind.in_(kinds), not_(paid))
