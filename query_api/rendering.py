"""Read models as the documents of the API: money in credits, times in RFC 3339, texts opened for their owner."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.account.results import file_url, preview_of
from domain.account.timeline import TERMINAL
from domain.money import to_credits
from domain.rendering import time_of
from query_api.latest import Now
from query_api.queries import Row


def task_document(row: Row, now: Now, prompt: str | None, problem: Mapping[str, Any] | None) -> dict[str, Any]:
    """A task for its owner. `reserved` is what is still held: 0 once the task ended."""
    finished = preview_of(row)
    preview = live_preview_url(row["task_id"], now.preview) if finished is None else file_url(finished["file_id"])
    return {
        "task_id": row["task_id"],
        "seq": row["seq"],
        "kind": row["kind"],
        "status": row["status"],
        "progress": now.progress,
        "stage": now.stage,
        "message": now.message,
        "queue_position": now.queue_position,
        "eta_s": now.eta_s,
        "attempt": row["attempt"],
        "model": row["model"],
        "model_version": row["model_version"],
        "prompt": prompt,
        "inputs": [{"role": i["role"], "file_id": i["file_id"], "url": file_url(i["file_id"])} for i in row["inputs"]],
        "params": row["params"],
        "seed": row["seed"],
        "priority": row["priority"],
        "deadline": time_of(row["deadline"]),
        "parent": row["parent"],
        "price": to_credits(row["price"]),
        "reserved": to_credits(row["reserved"]),
        "charged": to_credits(row["charged"]),
        "timings": timings(row),
        "problem": problem,
        "reason": row["reason"],
        "preview_url": preview,
        "created_at": time_of(row["created_at"]),
        "started_at": time_of(row["started_at"]),
        "ended_at": time_of(row["ended_at"]),
        "updated_at": time_of(row["updated_at"]),
    }


def live_preview_url(task_id: str, sha256: str | None) -> str | None:
    """Where the newest picture of a running task is. It changes with the picture, so that caches notice."""
    return None if sha256 is None else f"/generate/{task_id}/preview?v={sha256[:16]}"


def timings(row: Row) -> dict[str, float]:
    """Seconds: in the queue, running, in all (of what is over), and by stage as the engine measured them."""
    found: dict[str, float] = {}
    started, ended = row["started_at"], row["ended_at"]
    if started is not None:
        found["queued_s"] = _seconds(row["queued_at"], started)
        if ended is not None:
            found["running_s"] = _seconds(started, ended)
    if ended is not None:
        found["total_s"] = _seconds(row["created_at"], ended)
    metrics = row["metrics"] or {}
    return found | {name: value for name, value in metrics.items() if name.endswith("_s")}


def _seconds(earlier: datetime, later: datetime) -> float:
    return max(0.0, round((later - earlier).total_seconds(), 3))


def progress_document(task_id: str, now: Now, attempt: int) -> dict[str, Any]:
    return {
        "progress": now.progress,
        "stage": now.stage,
        "message": now.message,
        "attempt": attempt,
        "queue_position": now.queue_position,
        "eta_s": now.eta_s,
        "preview_url": live_preview_url(task_id, now.preview),
    }


def has_ended(status: str) -> bool:
    return status in TERMINAL
