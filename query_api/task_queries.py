"""Which tasks are wanted, as conditions on the read model."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import msgspec
from sqlalchemy import ARRAY, ColumnElement, FromClause, Integer, Text, any_, bindparam, func, or_, select

from adapters.postgres.read.tables import tasks
from query_api.statements import Statement

_statuses: Final = bindparam("statuses", type_=ARRAY(Text))
_limit, _offset = bindparam("limit", type_=Integer), bindparam("offset", type_=Integer)


class TaskFilter(msgspec.Struct, frozen=True):
    """Tasks of one account. None and an empty list: whatever it is."""

    account_id: str
    statuses: Sequence[str] = ()
    model: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None

    def given(self) -> dict[str, Any]:
        """What is asked for, by the names in the conditions."""
        named = {name: getattr(self, name) for name in self.__struct_fields__}
        named |= {"statuses": self.statuses or None, "text": _escaped(self.text) if self.text else None}
        return {name: value for name, value in named.items() if value is not None}


@cache
def page_of_tasks(asked: frozenset[str], goes_on: bool) -> Statement:
    """The newest first; `total` of each is how many there are in all. `asked`: the names that a filter gives.

    With `goes_on` only tasks older than the id `before`.
    """
    others = tasks.alias("others")
    total = select(func.count()).select_from(others).where(*_conditions(others, asked)).scalar_subquery()
    page = select(tasks, total.label("total")).where(*_conditions(tasks, asked))
    if goes_on:
        page = page.where(tasks.c.task_id < bindparam("before"))
    return Statement(page.order_by(tasks.c.task_id.desc()).offset(_offset).limit(_limit))


@cache
def count_of_tasks(asked: frozenset[str]) -> Statement:
    """Their `total` alone."""
    return Statement(select(func.count().label("total")).select_from(tasks).where(*_conditions(tasks, asked)))


def _conditions(rows: FromClause, asked: frozenset[str]) -> list[ColumnElement[bool]]:
    known: dict[str, ColumnElement[bool]] = {
        "account_id": rows.c.account_id == bindparam("account_id"),
        "statuses": rows.c.status == any_(_statuses),
        "model": rows.c.model == bindparam("model"),
        "kind": rows.c.kind == bindparam("kind"),
        "since": rows.c.created_at >= bindparam("since"),
        "until": rows.c.created_at < bindparam("until"),
        "text": _has(rows),
    }
    return [known[name] for name in sorted(asked)]


def _has(rows: FromClause) -> ColumnElement[bool]:
    """What is kept in clear: prompts, names and messages are sealed."""
    text = bindparam("text", type_=Text)
    parts = (rows.c.model, rows.c.kind, rows.c.status, rows.c.reason, rows.c.problem["code"].astext)
    return or_(
        rows.c.task_id.startswith(func.lower(text), escape="/"),
        *(part.icontains(text, escape="/") for part in parts),
    )


def _escaped(text: str) -> str:
    """For LIKE: nothing in it stands for anything else."""
    return "".join(f"/{letter}" if letter in "/%_" else letter for letter in text)
