"""Owner, scheduler and workers together, with everything that can go wrong: every task ends, once, and is paid once.

Workers crash, stop, lose runs, fail, are slow to hear of a cancellation; the scheduler starts anew, reading its topics
in any order. Time is simulated; all choices come from one seed.
"""

import random
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.account import commands as a
from domain.account import events as e
from domain.account.decider import AccountDecider
from domain.account.state import Status
from domain.decider import Append
from domain.envelope import Envelope
from domain.errors import DomainError
from domain.registry import TYPE_OF
from domain.runs import events as r
from domain.scheduling.commands import AssignRun, RevokeRun
from domain.scheduling.decider import SchedulingDecider
from domain.scheduling.fold import Place, fold, observe
from domain.scheduling.leases import pass_deadlines
from domain.scheduling.plan import Plan, refused, sent
from domain.scheduling.state import SchedulerState
from tests.domain.given_account import CREDIT, PROMPT, output
from tests.domain.scenario import Scenario, new_id

ACCOUNTS = tuple(new_id(5_000_000 + i) for i in range(3))
ENGINE = (r.Engine("m", "1"),)


class Worker:
    """Runs what it is told to, a few seconds each, and says so."""

    def __init__(self, world: "Everything", name: str) -> None:
        self.world, self.name, self.alive = world, name, True
        self.held: dict[tuple[str, int], list[Any]] = {}
        self.most = world.random.randint(1, 3)

    def assign(self, action: AssignRun) -> None:
        if self.alive and self.world.random.random() > 0.03:
            self.held[action.task_id, action.attempt] = [action.account_id, self.world.random.uniform(0, 9), False]

    def step(self) -> None:
        choose = self.world.random.random
        for (task_id, attempt), run in list(self.held.items())[: self.most]:
            account_id, left, begun = run
            about: dict[str, Any] = {"task_id": task_id, "attempt": attempt, "worker_id": self.name}
            if not begun:
                self.world.tell(account_id, r.RunStarted(sequence=1, device="cpu", **about))
                run[2] = True
            run[1] = left - 1
            if run[1] > 0:
                continue
            del self.held[task_id, attempt]
            if choose() < 0.05:
                continue
            if choose() < 0.2:
                kind = self.world.random.choice(["retryable", "retryable", "permanent", "bad-input"])
                event: msgspec.Struct = r.RunFailed(sequence=2, problem=e.Problem(code="x", kind=kind), **about)
            else:
                event = r.RunSucceeded(sequence=2, outputs=(output(),), **about)
            self.world.tell(account_id, event)
        self.beat()

    def revoke(self, action: RevokeRun) -> None:
        run = self.held.pop((action.task_id, action.attempt), None)
        if run is not None and self.world.random.random() > 0.1:
            used = self.world.random.random()
            about: dict[str, Any] = {"task_id": action.task_id, "attempt": action.attempt, "worker_id": self.name}
            self.world.tell(run[0], r.RunCancelled(sequence=2, used_fraction=used, **about))

    def beat(self, stopping: bool = False) -> None:
        held = tuple(r.HeldRun(*run) for run in list(self.held)[: self.most])
        self.world.tell(
            self.name,
            r.WorkerBeat(
                worker_id=self.name,
                host="h",
                device="cpu",
                slots=self.most,
                engines=ENGINE,
                running=held,
                assignments_offset=0,
                started_at=self.world.owner.now,
                stopping=stopping,
            ),
        )


class Everything:
    """The logs, the owner of one partition, one scheduler, some workers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.owner = Scenario(AccountDecider(), ACCOUNTS[0])
        self.assignments = Scenario(SchedulingDecider(), "w")
        self.logs: dict[str, list[tuple[Place, str, msgspec.Struct, Envelope]]] = {}
        self.scheduler = SchedulerState()
        self.workers: dict[str, Worker] = {}
        self.asked = 0
        for i, account_id in enumerate(ACCOUNTS):
            self.ask(a.OpenAccount(account_id=account_id, user_id=i + 1, sign_up_credits=500 * CREDIT))

    def ask(self, command: a.Command, **context: Any) -> None:
        """A command to the owner; its event is read by the scheduler at once."""
        self.owner.when(command, **context)
        if isinstance(self.owner.outcome, Append):
            self.note("lathe.accounts", *self.owner.log[-1])

    def note(self, topic: str, key: str, event: msgspec.Struct, envelope: Envelope) -> None:
        log = self.logs.setdefault(topic, [])
        log.append((Place(topic, 0, len(log)), key, event, envelope))
        fold(self.scheduler, *log[-1], self.owner.now)

    def tell(self, key: str, event: msgspec.Struct) -> None:
        """A worker writes: a heartbeat, or a run event, on which the owner decides."""
        topic = "lathe.workers" if isinstance(event, r.WorkerBeat) else "lathe.runs"
        envelope = Envelope(
            id=new_id(9_000_000 + len(self.logs.get(topic, []))),
            type=TYPE_OF[type(event)],
            source="w",
            time=self.owner.now,
            subject="",
            actor="w",
            correlation_id="",
        )
        self.note(topic, key, event, envelope)
        if topic == "lathe.runs":
            offset = len(self.logs[topic]) - 1
            self.ask(_applied(key, event, offset), causation_id=envelope.id)

    def step(self, quiet: bool) -> None:
        """One second. `quiet`: nothing new goes wrong any more."""
        self.owner.later(1)
        if not quiet:
            self.trouble()
        elif not any(worker.alive for worker in self.workers.values()):
            self.start_worker()
        for worker in self.workers.values():
            if worker.alive:
                worker.step()
        observe(self.scheduler, self.owner.now, at_end=True)
        pass_all_deadlines(self.scheduler, self.owner.now)
        for action in Plan.of(self.scheduler, self.owner.now):
            sent(self.scheduler, action, self.owner.now)
            self.carry_out(action, lossy=not quiet)

    def carry_out(self, action: Any, lossy: bool) -> None:
        if isinstance(action, AssignRun | RevokeRun):
            self.assignments.now = self.owner.now
            if lossy and self.random.random() < 0.02:
                refused(self.scheduler, action)
                return
            self.assignments.when(action)
            if not isinstance(self.assignments.outcome, Append):
                return
            self.note("lathe.assignments", *self.assignments.log[-1])
            worker = self.workers.get(action.worker_id)
            if worker is not None and worker.alive:
                worker.assign(action) if isinstance(action, AssignRun) else worker.revoke(action)
        elif not (lossy and self.random.random() < 0.1):
            self.ask(action)
            if isinstance(self.owner.outcome, DomainError):
                refused(self.scheduler, action)

    def trouble(self) -> None:
        choice, account_id = self.random.random(), self.random.choice(ACCOUNTS)
        if choice < 0.5:
            self.asked += 1
            soon = self.random.random() < 0.2
            self.ask(
                a.RequestTask(
                    account_id=account_id,
                    task_id=new_id(6_000_000 + self.asked),
                    kind="generate",
                    model="m",
                    model_version="1",
                    price=CREDIT,
                    prompt=PROMPT,
                    seed=1,
                    priority=self.random.randint(0, 2),
                    deadline=self.owner.now + timedelta(seconds=20) if soon else None,
                )
            )
        elif choice < 0.6 and self.scheduler.tasks:
            task_id = self.random.choice(list(self.scheduler.tasks))
            self.ask(a.CancelTask(account_id=self.scheduler.tasks[task_id].account_id, task_id=task_id))
        elif choice < 0.66 and len([worker for worker in self.workers.values() if worker.alive]) < 3:
            self.start_worker()
        elif choice < 0.69 and self.workers:
            worker = self.random.choice(list(self.workers.values()))
            if worker.alive and self.random.random() < 0.5:
                worker.beat(stopping=True)
            worker.alive = False
        elif choice < 0.72:
            self.restart_scheduler()

    def start_worker(self) -> None:
        worker = Worker(self, f"w{len(self.workers)}")
        self.workers[worker.name] = worker
        worker.beat()

    def restart_scheduler(self) -> None:
        """It reads the topics anew, in any order between them, before it plans anything."""
        before, again = self.scheduler, SchedulerState()
        rests = [list(reversed(log)) for log in self.logs.values()]
        while rests := [rest for rest in rests if rest]:
            fold(again, *self.random.choice(rests).pop(), self.owner.now)
        observe(again, self.owner.now, at_end=True)
        for state in (before, again):
            pass_all_deadlines(state, self.owner.now)
        assert {t: (x.attempt, x.started_at, x.cancelling_since) for t, x in again.tasks.items()} == {
            t: (x.attempt, x.started_at, x.cancelling_since) for t, x in before.tasks.items()
        }
        assert {k: {x: [t[2] for t in q] for x, q in by.items()} for k, by in again.waiting.items()} == {
            k: {x: [t[2] for t in q] for x, q in by.items()} for k, by in before.waiting.items()
        }
        assert {t: (x.attempt, x.worker_id) for t, x in again.runs.items()} == {
            t: (x.attempt, x.worker_id) for t, x in before.runs.items()
        }
        self.scheduler = again


def pass_all_deadlines(state: SchedulerState, now: datetime) -> None:
    for _ in pass_deadlines(state, now):
        pass


def _applied(account_id: str, event: Any, offset: int) -> a.Command:
    about = {"account_id": account_id, "task_id": event.task_id, "attempt": event.attempt, "source_offset": offset}
    match event:
        case r.RunStarted():
            return a.ApplyRunStarted(worker_id=event.worker_id, **about)
        case r.RunSucceeded():
            return a.ApplyRunSucceeded(outputs=event.outputs, **about)
        case r.RunFailed():
            return a.ApplyRunFailed(problem=event.problem, **about)
        case _:
            return a.ApplyRunCancelled(used_fraction=event.used_fraction, **about)


@pytest.mark.parametrize("seed", range(12))
def test_every_task_ends_and_is_paid_once(seed: int) -> None:
    world = Everything(seed)
    for _ in range(250):
        world.step(quiet=False)
    for _ in range(300):
        world.step(quiet=True)
        if not world.scheduler.tasks:
            break
    tasks = [task for account in world.owner.state.accounts.values() for task in account.tasks.values()]
    assert len(tasks) > 50
    assert all(task.status.terminal for task in tasks)
    assert len([task for task in tasks if task.status is Status.COMPLETED]) > len(tasks) / 4
    for account in world.owner.state.accounts.values():
        assert account.wallet.adds_up
        assert account.wallet.reserved == 0
        assert account.wallet.charged == sum(task.charged for task in account.tasks.values())
    state = world.scheduler
    world.step(quiet=True)
    parts = (state.tasks, state.runs, state.waiting, state.accounts, state.deadlines, state.early, state.sent)
    assert [part for part in parts if part] == []
    assert world.owner.refolded() == world.owner.state
