"""What is told of a task that waits."""

from domain.runs.events import QueueChanged, QueuedTask
from query_api.latest import Latest


def test_who_waits_for_a_version_that_no_worker_has_is_told_and_nobody_else() -> None:
    latest = Latest()
    waiting = (QueuedTask("of an old version", 1, None), QueuedTask("of the new one", 2, 3.0))
    latest.queue_changed("ann", QueueChanged(tasks=waiting, total=2, no_worker_for=("lathe/form",)))
    old, new = (latest.of("ann", item.task_id, "queued", 1, "lathe/form") for item in waiting)
    assert (old.no_worker, old.message) == (True, "No worker can run lathe/form at present")
    assert (new.no_worker, new.message) == (False, "Place 2 in the queue, about 3 s")
