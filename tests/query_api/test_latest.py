"""What is told of a task that waits, and of one under way."""

from datetime import UTC, datetime, timedelta

from domain.runs.events import QueueChanged, QueuedTask, RunProgressed
from query_api.latest import Latest


def test_who_waits_for_a_version_that_no_worker_has_is_told_and_nobody_else() -> None:
    latest = Latest()
    waiting = (QueuedTask("of an old version", 1, None), QueuedTask("of the new one", 2, 3.0))
    latest.queue_changed("ann", QueueChanged(tasks=waiting, total=2, no_worker_for=("lathe/form",)))
    old, new = (latest.of("ann", item.task_id, "queued", 1, "lathe/form") for item in waiting)
    assert (old.no_worker, old.message) == (True, "No worker can run lathe/form at present")
    assert (new.no_worker, new.message) == (False, "Place 2 in the queue, about 3 s")


def test_the_rest_of_a_run_is_estimated_from_what_was_seen_of_it() -> None:
    latest, began = Latest(), datetime(2030, 1, 1, tzinfo=UTC)

    def eta_s(seconds: float, fraction: float, attempt: int = 1, status: str = "running") -> float | None:
        event = RunProgressed(task_id="chair", attempt=attempt, fraction=fraction, stage="surface")
        latest.progressed(event, began + timedelta(seconds=seconds))
        return latest.of("ann", "chair", status, attempt, "lathe/form").eta_s

    assert eta_s(0, 0.0) is None
    assert eta_s(1, 0.05) is None
    assert eta_s(4, 0.25) == 12.0
    assert eta_s(6, 0.75) == 2.0
    assert eta_s(6, 0.8, status="cancelling") is None
    assert eta_s(9, 0.3, attempt=2) is None  # an attempt that was resumed: what was done before says nothing
    assert eta_s(11, 0.5, attempt=2) == 5.0
