"""Workers by their last heartbeats, and what was given to them since."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from adapters.kafka import topics
from adapters.kafka.follower import Entry
from adapters.kafka.position import TP
from domain.envelope import Envelope
from domain.runs import events as run
from domain.scheduling.events import RunAssigned, RunRevoked

SILENT_S: Final = 10.0
"""A worker beats every 2 s; one that was silent for so long is taken for gone."""
HEARTBEATS: Final[dict[TP, float]] = {(topics.WORKERS.name, 0): SILENT_S + 5.0}
"""What is looked at, in seconds from the end: all of it, however many workers there are."""
_ENDED: Final = (run.RunSucceeded, run.RunFailed, run.RunCancelled)


class Heard(msgspec.Struct, frozen=True):
    """`waiting`: runs that were given to it and that it neither holds nor reported on."""

    worker_id: str
    host: str
    device: str
    slots: int
    engines: tuple[str, ...]
    running: int
    draining: bool
    silent_s: float
    waiting: int
    stopping: bool = False

    @property
    def alive(self) -> bool:
        return not self.stopping and self.silent_s < SILENT_S


def heard_workers(tails: Mapping[TP, Iterable[Entry]], now_s: float) -> list[Heard]:
    """By host and id. `tails`: the ends of lathe.workers (`HEARTBEATS`), lathe.assignments and lathe.runs."""
    beats: dict[str, tuple[float, run.WorkerBeat]] = {}
    asked: set[str] = set()
    for envelope, event in _decoded(tails[topics.WORKERS.name, 0]):
        if isinstance(event, run.WorkerBeat):
            beats[event.worker_id] = (envelope.time.timestamp(), event)
        elif isinstance(event, run.DrainRequested):
            asked.add(event.worker_id)
    given: dict[str, set[tuple[str, int]]] = {}
    for _, event in _decoded(tails[topics.ASSIGNMENTS.name, 0]):
        if isinstance(event, RunAssigned):
            given.setdefault(event.worker_id, set()).add((event.task_id, event.attempt))
        elif isinstance(event, RunRevoked):
            given.get(event.worker_id, set()).discard((event.task_id, event.attempt))
    for tp, entries in tails.items():
        if tp[0] == topics.RUNS.name:
            for _, event in _decoded(entries):
                if isinstance(event, _ENDED):
                    given.get(event.worker_id, set()).discard((event.task_id, event.attempt))
    found = []
    for worker_id, (heard_at, beat) in beats.items():
        held = {(held.task_id, held.attempt) for held in beat.running}
        found.append(
            Heard(
                worker_id, beat.host, beat.device, beat.slots, tuple(engine.id for engine in beat.engines),
                len(beat.running), beat.draining or worker_id in asked, max(0.0, now_s - heard_at),
                len(given.get(worker_id, set()) - held), beat.stopping,
            )
        )  # fmt: skip
    return sorted(found, key=lambda worker: (worker.host, worker.worker_id))


def _decoded(entries: Iterable[Entry]) -> Iterable[tuple[Envelope, msgspec.Struct]]:
    return (entry.decoded for entry in entries if isinstance(entry.decoded, tuple))
