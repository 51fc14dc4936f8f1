"""The life of a task as its readers see it: one entry per task event, the same from the log and from a read model.

A batch's event is the first entry of each of its tasks.
Pure and free of personal data. Money is integer micro-credits here; edges render it in credits (`MONEY` names those
members).
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from domain.account import events as e
from domain.account.beginnings import Beginning, beginnings_of
from domain.envelope import Envelope

MONEY: Final = frozenset({"price", "reserved", "charged", "released"})
TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})


class TimelineEntry(msgspec.Struct, frozen=True):
    """`seq` is 1, 2, 3… per task (ce_taskseq); `status` is the task's after the event; `data` what came with it."""

    task_id: str
    seq: int
    type: str
    status: str
    time: datetime
    actor: str
    data: dict[str, Any]

    @property
    def terminal(self) -> bool:
        """Nothing follows on the task's way: it is completed, failed or cancelled."""
        return self.status in TERMINAL


_REQUESTED: Final = ("requested", "queued")
_KINDS: Final[dict[type[msgspec.Struct], tuple[str, str]]] = {
    e.TaskStarted: ("started", "running"),
    e.TaskRetried: ("retried", "queued"),
    e.TaskCancelRequested: ("cancel-requested", "cancelling"),
    e.TaskCompleted: ("completed", "completed"),
    e.TaskFailed: ("failed", "failed"),
    e.TaskCancelled: ("cancelled", "cancelled"),
}
"""Event → (type of its entry, status of the task after it)."""


def entries_of(envelope: Envelope, event: msgspec.Struct) -> tuple[TimelineEntry, ...]:
    """The entries that an event makes: one for each task it is about (a batch is about many).

    Raises ValueError without a task sequence.
    """
    kind = _KINDS.get(type(event))
    beginnings = beginnings_of(event, envelope.id)
    if kind is None and not beginnings:
        return ()
    if envelope.task_seq is None or envelope.task_seq < 1:
        raise ValueError(f"{envelope.type} carries no ce_taskseq")
    if kind is None:
        kind, told = _REQUESTED, [(begun.request.task_id, _begun(begun)) for begun in beginnings]
    else:
        told = [_content(event)]
    return tuple(
        TimelineEntry(task_id, envelope.task_seq, *kind, envelope.time, envelope.actor, data) for task_id, data in told
    )


def _begun(beginning: Beginning) -> dict[str, Any]:
    request = beginning.request
    told = {
        "attempt": 1,
        "model": request.model,
        "model_version": request.model_version,
        "price": request.price,
        "reserved": request.reserved,
        "parent": request.parent,
    }
    return told if beginning.batch_id is None else told | {"batch_id": beginning.batch_id}


def _content(event: msgspec.Struct) -> tuple[str, dict[str, Any]]:
    match event:
        case e.TaskStarted():
            return event.task_id, {"attempt": event.attempt}
        case e.TaskRetried() | e.TaskCancelRequested():
            return event.task_id, {"attempt": event.attempt, "reason": event.reason}
        case e.TaskCompleted():
            return event.task_id, {
                "attempt": event.attempt,
                "outputs": [msgspec.to_builtins(output) for output in event.outputs],
                "metrics": event.metrics,
                "charged": event.charged,
                "released": event.released,
            }
        case e.TaskFailed():
            return event.task_id, {
                "attempt": event.attempt,
                "problem": {"code": event.problem.code, "kind": event.problem.kind},
                "charged": event.charged,
                "released": event.released,
            }
        case e.TaskCancelled():
            return event.task_id, {
                "attempt": event.attempt,
                "reason": event.reason,
                "charged": event.charged,
                "released": event.released,
            }
    raise TypeError(f"{type(event).__name__} is no task event")
