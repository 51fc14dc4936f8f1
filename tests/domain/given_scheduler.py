"""A scheduler's world: tasks are requested, workers beat, time passes; what is planned is looked at or carried out."""

from datetime import timedelta
from typing import Any, Self

import msgspec

from domain.account import events as a
from domain.envelope import Envelope
from domain.registry import TYPE_OF
from domain.runs import events as r
from domain.scheduling import events as s
from domain.scheduling.commands import AssignRun, RevokeRun
from domain.scheduling.fold import Place, fold, observe
from domain.scheduling.leases import pass_deadlines
from domain.scheduling.plan import Action, Plan, sent
from domain.scheduling.state import SchedulerState
from tests.domain.scenario import NOW

FORM, RELIEF = "lathe/form", "lathe/relief"
TOPICS = {a.__name__: "lathe.accounts", r.__name__: "lathe.runs", s.__name__: "lathe.assignments"}


class World:
    """Events are folded as they happen; `plan` only looks, `carry_out` lets the planned assignments happen."""

    def __init__(self) -> None:
        self.state = SchedulerState()
        self.now = NOW
        self.log: list[tuple[Place, str, msgspec.Struct, Envelope]] = []
        self.offsets: dict[str, int] = {}
        self.beats: dict[str, dict[str, Any]] = {}
        observe(self.state, self.now, at_end=True)

    def tell(self, key: str, *events: msgspec.Struct) -> Self:
        for event in events:
            topic = TOPICS[type(event).__module__]
            offset = self.offsets[topic] = self.offsets.get(topic, -1) + 1
            envelope = Envelope(
                id=f"{topic}/{offset}",
                type=TYPE_OF[type(event)],
                source="tests",
                time=self.now,
                subject="",
                actor="system",
                correlation_id="",
            )
            self.log.append((Place(topic, 0, offset), key, event, envelope))
            fold(self.state, *self.log[-1], self.now)
        return self

    def requested(self, task_id: str, account: str = "ann", model: str = FORM, **fields: Any) -> Self:
        given: dict[str, Any] = {"kind": "generate", "model_version": "1", "price": 1, "reserved": 1, "seed": 0}
        return self.tell(account, a.TaskRequested(task_id=task_id, model=model, **(given | fields)))

    def beat(self, worker_id: str, **fields: Any) -> Self:
        """A heartbeat; what is left out stays as in the worker's last one."""
        given: dict[str, Any] = self.beats.get(worker_id) or {
            "host": "h",
            "device": "cpu",
            "slots": 1,
            "engines": (r.Engine(FORM, "1"),),
            "running": (),
            "assignments_offset": 0,
            "started_at": NOW,
        }
        self.beats[worker_id] = given | fields
        return self.tell(worker_id, r.WorkerBeat(worker_id=worker_id, **self.beats[worker_id]))

    def holding(self, worker_id: str, *runs: tuple[str, int], **fields: Any) -> Self:
        return self.beat(worker_id, running=tuple(r.HeldRun(*run) for run in runs), **fields)

    def started(self, task_id: str, attempt: int = 1, account: str = "ann", worker_id: str = "w1") -> Self:
        event = a.TaskStarted(task_id=task_id, attempt=attempt, worker_id=worker_id, source_offset=0)
        return self.tell(account, event)

    def completed(self, task_id: str, attempt: int = 1, account: str = "ann") -> Self:
        event = a.TaskCompleted(
            task_id=task_id, attempt=attempt, outputs=(), charged=1, released=0, source_offset=self.offsets_of("runs")
        )
        return self.tell(account, event)

    def offsets_of(self, name: str) -> int:
        return self.offsets.get(f"lathe.{name}", 0)

    def later(self, seconds: float, *, beating: bool = False) -> Self:
        """Time passes in steps of a second, as the loop around the scheduler would see it."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min(self.now + timedelta(seconds=1), end)
            for worker_id in self.beats if beating else ():
                self.beat(worker_id)
            observe(self.state, self.now, at_end=True)
        return self

    def plan(self) -> list[Action]:
        for _ in pass_deadlines(self.state, self.now):
            pass
        before = msgspec.msgpack.encode(self.state)
        actions = Plan.of(self.state, self.now)
        assert msgspec.msgpack.encode(self.state) == before, "planning changed the state"
        return actions

    def carry_out(self) -> list[Action]:
        """Send what is planned; what goes to lathe.assignments is read back at once."""
        actions = self.plan()
        for action in actions:
            sent(self.state, action, self.now)
            if isinstance(action, AssignRun):
                self.tell(action.worker_id, s.RunAssigned(**msgspec.structs.asdict(action)))
            elif isinstance(action, RevokeRun):
                self.tell(action.worker_id, s.RunRevoked(**msgspec.structs.asdict(action)))
        return actions

    def assigned(self) -> list[tuple[str, str]]:
        """Carry out the plan, and name its assignments as (task id, worker id)."""
        return [(x.task_id, x.worker_id) for x in self.carry_out() if isinstance(x, AssignRun)]
