"""What is given to workers, and what they report: put on the shelf, and compared with each other."""

import msgspec

from domain.runs import events as run
from domain.scheduling.events import RunAssigned
from processors.verify.findings import Broken
from processors.verify.shelf import Shelf

REPORTS = (run.RunStarted, run.RunCheckpointed, run.RunSucceeded, run.RunFailed, run.RunCancelled)


def take_assignment(shelf: Shelf, event: msgspec.Struct, offset: int) -> None:
    """An event of `lathe.assignments`. The same attempt may be given to a worker twice after an open outcome."""
    if isinstance(event, RunAssigned):
        shelf.put(
            "INSERT OR IGNORE INTO assigned VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            *(event.task_id, event.attempt, event.worker_id, event.account_id, event.partition, event.offset, offset),
        )


def take_report(shelf: Shelf, partition: int, key: str, event: msgspec.Struct, offset: int) -> None:
    """An event of `lathe.runs`, which workers write without an owner. Raises Broken."""
    if not isinstance(event, REPORTS):
        raise Broken("readable", f"{type(event).__name__} is no event of a run")
    shelf.put(
        "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?)",
        *(partition, offset, type(event).__name__, event.task_id, event.attempt),
    )
    given = shelf.one(
        "SELECT account FROM assigned WHERE task = ? AND attempt = ? AND worker = ?",
        *(event.task_id, event.attempt, event.worker_id),
    )
    if given is None:
        told = f"attempt {event.attempt} of task {event.task_id} was never given to worker {event.worker_id}"
        raise Broken("run-assigned", told)
    if given[0] != key:
        raise Broken("run-assigned", f"task {event.task_id} belongs to account {given[0]}")
