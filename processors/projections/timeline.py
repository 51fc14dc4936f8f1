"""The life of each task, event by event: what `GET /generate/{task_id}/events` reads its past from."""

from collections.abc import Iterator
from typing import Any, ClassVar

from domain.account.timeline import MOVING
from processors.projections.port import Connection, Fact, Row, Taken, json_of


class TimelineRows:
    """Only ever appended to."""

    takes: ClassVar[Taken] = MOVING

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []

    def fold(self, fact: Fact) -> None:
        for e in fact.moved:
            self._rows.append((e.task_id, e.seq, fact.key, e.type, e.status, e.time, e.actor, json_of(e.data)))

    async def write(self, connection: Connection) -> None:
        if self._rows:
            await connection.copy_records_to_table("task_events", columns=_COLUMNS, records=self._rows)

    def drain(self, fact: Fact | None) -> Iterator[Row]:
        for row in self._rows:
            yield Row("task_events", _COLUMNS, row)
        self._rows.clear()


_COLUMNS = ("task_id", "seq", "account_id", "type", "status", "time", "actor", "data")
