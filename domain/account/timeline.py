"""The life of a task as its readers see it: one entry per task event, the same from the log and from a read model.

A batch's event is the first entry of each of its tasks.
Pure and free of personal data. Money is integer micro-credits here; edges render it in credits (`MONEY` names those
members).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from domain.account import events as e
from domain.account.beginnings import BEGINNING, Beginning, beginnings_of
from domain.envelope import Envelope

MONEY: Final = frozenset({"price", "reserved", "charged", "released"})
TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})


class TimelineEntry(msgspec.Struct, frozen=True, gc=False):
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


def entries_of(
    envelope: Envelope, event: msgspec.Struct, beginnings: Sequence[Beginning] | None = None
) -> tuple[TimelineEntry, ...]:
    """The entries that an event makes: one for each task it is about (a batch is about many).

    `beginnings`: those of the event, where they are known. Raises ValueError without a task sequence.
    """
    kind = _KINDS.get(type(event))
    seq = envelope.task_seq
    if kind is not None:
        if seq is None or seq < 1:
            raise ValueError(f"{envelope.type} carries no ce_taskseq")
        name, status, tell = kind
        moved: Any = event
        return (TimelineEntry(moved.task_id, seq, name, status, envelope.time, envelope.actor, tell(moved)),)
    if beginnings is None:
        beginnings = beginnings_of(event, envelope.id)
    if not beginnings:
        return ()
    if seq is None or seq < 1:
        raise ValueError(f"{envelope.type} carries no ce_taskseq")
    return tuple(
        TimelineEntry(b.request.task_id, seq, "requested", "queued", envelope.time, envelope.actor, _begun(b))
        for b in beginnings
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


def _attempt(event: e.TaskStarted) -> dict[str, Any]:
    return {"attempt": event.attempt}


def _reason(event: e.TaskRetried | e.TaskCancelRequested) -> dict[str, Any]:
    return {"attempt": event.attempt, "reason": event.reason}


def _result(event: e.TaskCompleted) -> dict[str, Any]:
    return {
        "attempt": event.attempt,
        "outputs": [msgspec.to_builtins(output) for output in event.outputs],
        "metrics": event.metrics,
        "charged": event.charged,
        "released": event.released,
    }


def _problem(event: e.TaskFailed) -> dict[str, Any]:
    return {
        "attempt": event.attempt,
        "problem": {"code": event.problem.code, "kind": event.problem.kind},
        "charged": event.charged,
        "released": event.released,
    }


def _end(event: e.TaskCancelled) -> dict[str, Any]:
    return {
        "attempt": event.attempt,
        "reason": event.reason,
        "charged": event.charged,
        "released": event.released,
    }


_KINDS: Final[Mapping[type[msgspec.Struct], tuple[str, str, Callable[[Any], dict[str, Any]]]]] = {
    e.TaskStarted: ("started", "running", _attempt),
    e.TaskRetried: ("retried", "queued", _reason),
    e.TaskCancelRequested: ("cancel-requested", "cancelling", _reason),
    e.TaskCompleted: ("completed", "completed", _result),
    e.TaskFailed: ("failed", "failed", _problem),
    e.TaskCancelled: ("cancelled", "cancelled", _end),
}
"""Event → (type of its entry, status of the task after it, what is told of it)."""
MOVING: Final[frozenset[type[msgspec.Struct]]] = BEGINNING | frozenset(_KINDS)
"""The events that make entries."""
