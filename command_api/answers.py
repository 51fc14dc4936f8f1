"""How the write side tells what became of a command. The same documents as the read side's, from the owner's state."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

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


def accepted(applied: Applied, typical_seconds: float) -> Response:
    """202 for a task that was accepted, with where to look. `eta_s` is rough: the queue may be longer than yours."""
    return task_answer(applied, 202, {"eta_s": _eta(applied.view, typical_seconds)})


def task_answer(applied: Applied, status: int = 202, more: Mapping[str, Any] | None = None) -> Response:
    """The task as its owner knows it now."""
    view = applied.view
    document = {name: view[name] for name in TASK_FIELDS} | dict(more or {})
    return answer(document, status, applied, {"location": f"/generate/{view['task_id']}"})


def answer(document: Any, status: int, applied: Applied, headers: Mapping[str, str] | None = None) -> Response:
    """A document with `Lathe-Position`, which a read takes as `min_position`."""
    return JSONResponse(document, status, {"lathe-position": applied.position, **(headers or {})})


def _eta(view: Mapping[str, Any], typical_seconds: float) -> float | None:
    position = view["queue_position"]
    return None if position is None else round(position * typical_seconds, 1)
