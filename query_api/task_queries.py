"""Which tasks are wanted, as conditions on the read model."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, or_

from adapters.postgres.read.tables import tasks


class TaskFilter(msgspec.Struct, frozen=True):
    """Tasks of one account. None and an empty list: whatever it is."""

    account_id: str
    statuses: Sequence[str] = ()
    model: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found = [tasks.c.account_id == self.account_id]
        if self.statuses:
            found.append(tasks.c.status.in_(self.statuses))
        if self.model is not None:
            found.append(tasks.c.model == self.model)
        if self.kind is not None:
            found.append(tasks.c.kind == self.kind)
        if self.since is not None:
            found.append(tasks.c.created_at >= self.since)
        if self.until is not None:
            found.append(tasks.c.created_at < self.until)
        if self.text:
            found.append(_has(self.text))
        return found


def _has(text: str) -> ColumnElement[bool]:
    """What is kept in clear: prompts, names and messages are sealed."""
    parts = (tasks.c.model, tasks.c.kind, tasks.c.status, tasks.c.reason, tasks.c.problem["code"].astext)
    return or_(
        tasks.c.task_id.startswith(text.lower(), autoescape=True),
        *(part.icontains(text, autoescape=True) for part in parts),
    )
