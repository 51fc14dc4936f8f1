"""What one event adds to the usage of a model in a minute. Pure."""

from collections.abc import Callable, MutableMapping
from typing import Any, Final

import msgspec

from domain.account import events as a
from domain.account.beginnings import beginnings_of
from domain.envelope import Envelope

FIELDS: Final = ("requested", "completed", "failed", "cancelled", "credits", "run_seconds", "wait_seconds")
"""Of one window. `credits` are micro-credits charged; seconds are sums over the tasks that ended, or began to run."""

Window = list[float]
"""One number for each of FIELDS: a list, because the changelog is JSON."""
OpenTask = list[Any]
"""[model, when it was requested, when it last began to run or None]: seconds since 1970."""


def empty() -> Window:
    return [0] * len(FIELDS)


def added(old: Window, new: Window) -> Window:
    return [a + b for a, b in zip(old, new, strict=True)]


def _of(**amounts: float) -> Window:
    return [amounts.get(name, 0) for name in FIELDS]


def take(
    event: msgspec.Struct, envelope: Envelope, tasks: MutableMapping[str, OpenTask], add: Callable[[str, Window], None]
) -> None:
    """Fold one event: `tasks` remembers those that are not terminal, `add(model, amounts)` counts."""
    for beginning in beginnings_of(event, envelope.id):
        request = beginning.request
        tasks[request.task_id] = [request.model, envelope.time.timestamp(), None]
        add(request.model, _of(requested=1))
    match event:
        case a.TaskStarted() if (task := tasks.get(event.task_id)) is not None:
            model, requested, began = task
            now = envelope.time.timestamp()
            if began is None:
                add(model, _of(wait_seconds=max(0.0, now - requested)))
            tasks[event.task_id] = [model, requested, now]
        case a.TaskCompleted():
            _end(event.task_id, envelope, tasks, add, completed=1, credits=event.charged)
        case a.TaskFailed():
            _end(event.task_id, envelope, tasks, add, failed=1, credits=event.charged)
        case a.TaskCancelled():
            _end(event.task_id, envelope, tasks, add, cancelled=1, credits=event.charged)


def _end(
    task_id: str,
    envelope: Envelope,
    tasks: MutableMapping[str, OpenTask],
    add: Callable[[str, Window], None],
    **amounts: float,
) -> None:
    task = tasks.get(task_id)
    if task is None:
        return
    model, _, began = task
    seconds = 0.0 if began is None else max(0.0, envelope.time.timestamp() - began)
    del tasks[task_id]
    add(model, _of(run_seconds=seconds, **amounts))
