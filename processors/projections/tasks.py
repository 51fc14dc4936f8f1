"""Tasks as they stand now."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec

from domain.account import events as e
from domain.account.beginnings import Beginning
from domain.account.timeline import MOVING
from processors.projections.port import Connection, Fact, Row, Taken, Unfoldable, json_of, require_rows
from processors.projections.streams import Span


class _Now(msgspec.Struct, kw_only=True, gc=False):
    """What changes in the life of a task; None: it stays as it is."""

    task_id: str
    account_id: str
    status: str
    seq: int
    attempt: int | None = None
    reserved: int | None = None
    charged: int | None = None
    reason: str | None = None
    problem: str | None = None
    outputs: str | None = None
    metrics: str | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime


class _New(_Now, kw_only=True, gc=False):
    """A task requested in this batch; what follows in the same batch changes it before it is written."""

    kind: str
    model: str
    model_version: str
    price: int
    params: str
    inputs: str
    prompt: str | None
    prompt_length: int
    seed: int
    priority: int
    deadline: datetime | None
    parent: str | None
    created_at: datetime
    charged: int | None = 0


class TaskRows:
    """One row per task, merged over the batch; `seq` finds holes in a task's life."""

    takes: ClassVar[Taken] = MOVING

    def __init__(self) -> None:
        self._new: dict[str, _New] = {}
        self._changed: dict[str, _Now] = {}
        self._spans: dict[str, Span] = {}

    def fold(self, fact: Fact) -> None:
        if fact.begun:
            for beginning in fact.begun:
                self._begin(fact, beginning)
            return
        for entry in fact.moved:
            now = self._row(fact.key, entry.task_id, entry.seq, entry.status, entry.time)
            _CHANGES[type(fact.event)](now, fact.event, entry.time)

    def _begin(self, fact: Fact, beginning: Beginning) -> None:
        task_id, seq = beginning.request.task_id, fact.envelope.task_seq
        if seq != 1 or task_id in self._spans:
            raise Unfoldable(f"task {task_id} is requested as event {seq}, or twice")
        self._spans[task_id] = Span(1, 1)
        self._new[task_id] = _requested(fact, beginning)

    def _row(self, account_id: str, task_id: str, seq: int, status: str, time: datetime) -> _Now:
        span = self._spans.get(task_id)
        if span is None:
            if seq < 2:
                raise Unfoldable(f"event {seq} of task {task_id} comes before its request")
            self._spans[task_id] = Span(seq, seq)
        else:
            span.extend(seq, "task sequence")
        now = self._new.get(task_id) or self._changed.get(task_id)
        if now is None:
            now = self._changed[task_id] = _Now(
                task_id=task_id, account_id=account_id, status=status, seq=seq, updated_at=time
            )
        elif now.account_id != account_id:
            raise Unfoldable(f"task {task_id} belongs to another account")
        now.status, now.seq, now.updated_at = status, seq, time
        return now

    async def write(self, connection: Connection) -> None:
        if self._new:
            rows = [msgspec.structs.astuple(task) for task in self._new.values()]
            await connection.copy_records_to_table("tasks", columns=_New.__struct_fields__, records=rows)
        if self._changed:
            before = [self._spans[task_id].first - 1 for task_id in self._changed]
            columns = zip(*map(msgspec.structs.astuple, self._changed.values()), strict=True)
            status = await connection.execute(_UPDATE, before, *columns)
            require_rows(status, len(self._changed), "tasks at the sequence before")

    def drain(self, fact: Fact | None) -> Iterator[Row]:
        ended = list(self._new) if fact is None else [entry.task_id for entry in fact.moved if entry.terminal]
        for task_id in ended:
            task = self._new.pop(task_id)
            del self._spans[task_id]
            yield Row("tasks", _New.__struct_fields__, msgspec.structs.astuple(task))


def _requested(fact: Fact, beginning: Beginning) -> _New:
    time, event = fact.envelope.time, beginning.request
    return _New(
        task_id=event.task_id,
        account_id=fact.key,
        kind=event.kind,
        status="queued",
        seq=1,
        attempt=1,
        model=event.model,
        model_version=event.model_version,
        price=event.price,
        reserved=event.reserved,
        params=json_of(event.params),
        inputs=json_of(event.inputs),
        prompt=None if beginning.prompt is None else json_of(beginning.prompt),
        prompt_length=event.prompt_length,
        seed=event.seed,
        priority=event.priority,
        deadline=event.deadline,
        parent=event.parent,
        created_at=time,
        queued_at=time,
        updated_at=time,
    )


def _started(now: _Now, event: e.TaskStarted, time: datetime) -> None:
    now.attempt, now.started_at = event.attempt, time


def _retried(now: _Now, event: e.TaskRetried, time: datetime) -> None:
    now.attempt, now.queued_at = event.attempt, time


def _cancelling(now: _Now, event: e.TaskCancelRequested, _time: datetime) -> None:
    now.reason = event.reason


def _completed(now: _Now, event: e.TaskCompleted, time: datetime) -> None:
    now.reason = None
    now.outputs, now.metrics = json_of(event.outputs), json_of(event.metrics)
    now.reserved, now.charged, now.ended_at = 0, event.charged, time


def _failed(now: _Now, event: e.TaskFailed, time: datetime) -> None:
    now.problem = json_of(event.problem)
    now.reserved, now.charged, now.ended_at = 0, event.charged, time


def _cancelled(now: _Now, event: e.TaskCancelled, time: datetime) -> None:
    now.reason = event.reason
    now.reserved, now.charged, now.ended_at = 0, event.charged, time


_CHANGES: Final[Mapping[type[msgspec.Struct], Callable[[_Now, Any, datetime], None]]] = {
    e.TaskStarted: _started,
    e.TaskRetried: _retried,
    e.TaskCancelRequested: _cancelling,
    e.TaskCompleted: _completed,
    e.TaskFailed: _failed,
    e.TaskCancelled: _cancelled,
}


_UPDATE = """
UPDATE tasks t SET
    status = u.status, seq = u.seq, attempt = COALESCE(u.attempt, t.attempt),
    reserved = COALESCE(u.reserved, t.reserved), charged = COALESCE(u.charged, t.charged),
    reason = CASE WHEN u.status = 'completed' THEN NULL ELSE COALESCE(u.reason, t.reason) END,
    problem = COALESCE(u.problem, t.problem),
    outputs = COALESCE(u.outputs, t.outputs), metrics = COALESCE(u.metrics, t.metrics),
    queued_at = COALESCE(u.queued_at, t.queued_at), started_at = COALESCE(u.started_at, t.started_at),
    ended_at = COALESCE(u.ended_at, t.ended_at), updated_at = u.updated_at
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::bigint[], $8::bigint[],
            $9::text[], $10::jsonb[], $11::jsonb[], $12::jsonb[], $13::timestamptz[], $14::timestamptz[],
            $15::timestamptz[], $16::timestamptz[])
    AS u(before, task_id, account_id, status, seq, attempt, reserved, charged, reason, problem, outputs, metrics,
         queued_at, started_at, ended_at, updated_at)
WHERE t.task_id = u.task_id AND t.account_id = u.account_id AND t.seq = u.before
"""
