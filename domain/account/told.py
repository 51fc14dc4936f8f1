"""What happened to an account as its owner is told of it: plain JSON values, money in credits, nothing personal."""

from typing import Any

from domain.account.results import output_document
from domain.account.timeline import MONEY, TimelineEntry
from domain.money import to_credits
from domain.rendering import time_of


def event_document(entry: TimelineEntry) -> dict[str, Any]:
    """One entry of a task's life. The actor is told by its kind: `user`, `service/…` or `system`."""
    told: dict[str, Any] = {
        name: to_credits(value) if name in MONEY else value for name, value in entry.data.items() if value is not None
    }
    if "outputs" in told:
        told["outputs"] = [output_document(output) for output in told["outputs"]]
    return {
        "task_id": entry.task_id,
        "seq": entry.seq,
        "type": entry.type,
        "status": entry.status,
        "time": time_of(entry.time),
        "actor": "user" if entry.actor.startswith("user/") else entry.actor,
        **told,
    }
