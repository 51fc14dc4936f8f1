"""How the write side tells what became of a command. The same documents as the read side's, from the owner's state."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.responses import Response

from adapters.kafka.requests import Applied

TASK_FIELDS = (
    "task_id",
    "status",
    "queue_position",
    "attempt",
    "model",
    "params",
    "seed",
    "price",
    "reserved",
    "charged",
    "parent",
    "created_at",
)


def accepted(applied: Applied, typical_seconds: float, headers: Mapping[str, str] | None = None) -> Response:
    """202 for a task that was accepted, with where to look. `eta_s` is rough: the queue may be longer than yours."""
    return task_answer(applied, 202, {"eta_s": _eta(applied.view, typical_seconds)}, headers)


def task_answer(
    applied: Applied,
    status: int = 202,
    more: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The task as its owner knows it now."""
    view = applied.view
    document = {name: view[name] for name in TASK_FIELDS} | dict(more or {})
    return answer(document, status, applied, {"location": _url(view), **(headers or {})})


def accepted_batch(
    applied: Applied,
    typical_seconds: Callable[[Mapping[str, Any]], float],
    status: int = 202,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A batch with its tasks as their owner knows them now."""
    view = applied.view
    items = [
        {
            "task_id": task["task_id"],
            "url": _url(task),
            "status": task["status"],
            "reserved": task["reserved"],
            "queue_position": task["queue_position"],
            "eta_s": _eta(task, typical_seconds(task)),
        }
        for task in view["items"]
    ]
    document = {"batch_id": view["batch_id"], "reserved": view["reserved"], "items": items}
    return answer(document, status, applied, headers)


def answer(document: Any, status: int, applied: Applied, headers: Mapping[str, str] | None = None) -> Response:
    """A document with `Lathe-Position`, which a read takes as `min_position`."""
    named = {"lathe-position": applied.position, **(headers or {})}
    return Response(orjson.dumps(document), status, named, media_type="application/json")


def _url(task: Mapping[str, Any]) -> str:
    return f"/generate/{task['task_id']}"


def _eta(view: Mapping[str, Any], typical_seconds: float) -> float | None:
    position = view["queue_position"]
    return None if position is None else round(position * typical_seconds, 1)
