"""A scheduler on a log in memory, with the owners of all accounts beside it, and workers that are told what to say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from adapters.commands.client import CommandClient
from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.follower import read
from adapters.kafka.host import Host
from adapters.kafka.memory import MemoryLog
from adapters.kafka.owner import PartitionOwner
from adapters.kafka.port import Log, NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Record
from adapters.kafka.requests import Applied
from adapters.kafka.writer import EventWriter
from command_api.runs_feed import RunsFeed
from domain.account.commands import OpenAccount, RequestTask
from domain.account.decider import AccountDecider
from domain.decider import Context
from domain.personal import Sealed
from domain.runs.events import Engine, HeldRun, RunFailed, RunStarted, RunSucceeded, WorkerBeat
from domain.scheduling.decider import SchedulingDecider
from domain.scheduling.events import RunAssigned
from processors.scheduler.scheduler import Scheduler

E = TypeVar("E", bound=msgspec.Struct)
MODEL = "test/steps"


def context() -> Context:
    return Context(
        now=datetime.now(UTC), event_id=new_id(), command_id=new_id(), actor="test", correlation_id="request-1"
    )


class Floor:
    """`events`, `valid` and `until` look into a log in memory only."""

    def __init__(self, log: Log | None = None) -> None:
        self.log: Any = log or MemoryLog()
        self.writer = EventWriter(self.log, "test")

    @asynccontextmanager
    async def accounts(self) -> AsyncIterator["Floor"]:
        feed = RunsFeed(self.log)
        host = Host(
            self.log,
            {topics.ACCOUNTS: AccountDecider()},
            address="http://accounts",
            source="test",
            group=None,
            beside={topics.ACCOUNTS: feed.feed},
        )
        self.commands = CommandClient(host.directory, b"key", host)
        await host.start()
        try:
            yield self
        finally:
            await self.commands.stop()
            await host.stop()

    @asynccontextmanager
    async def scheduler(self) -> AsyncIterator[asyncio.Event]:
        """The event is set once it leads."""
        leads = asyncio.Event()
        scheduler = Scheduler(self.log, self.commands, self.writer)

        async def lead(owner: PartitionOwner) -> None:
            leads.set()
            await scheduler.lead(owner)

        host = Host(
            self.log,
            {topics.ASSIGNMENTS: SchedulingDecider()},
            address="http://scheduler",
            source="lathe/scheduler",
            group=None,
            beside={topics.ASSIGNMENTS: lead},
        )
        await host.start()
        try:
            async with asyncio.timeout(30):
                await leads.wait()
            yield leads
        finally:
            await host.stop()

    async def account(self) -> str:
        """A new account with a hundred credits."""
        account_id = new_id()
        await self.send(OpenAccount(account_id=account_id, user_id=1, sign_up_credits=100_000_000))
        return account_id

    async def request(self, account_id: str, **more: Any) -> str:
        """A queued task; returns its id."""
        task_id = new_id(topics.account_partition(account_id))
        given: dict[str, Any] = {
            "kind": "generate",
            "model": MODEL,
            "model_version": "1",
            "price": 1_000_000,
            "seed": 1,
            "prompt": Sealed("v1:sealed"),
            "prompt_length": 5,
        }
        await self.send(RequestTask(account_id=account_id, task_id=task_id, **(given | more)))
        return task_id

    async def send(self, command: Any) -> Applied:
        partition = topics.account_partition(command.account_id)
        return await self.commands.send(topics.ACCOUNTS, partition, command, context())

    async def beat(self, worker_id: str, *running: RunAssigned, **more: Any) -> None:
        given: dict[str, Any] = {
            "host": "h",
            "device": "cpu",
            "slots": 1,
            "engines": (Engine(MODEL, "1", True),),
            "assignments_offset": 0,
            "started_at": datetime.now(UTC),
        }
        held = tuple(HeldRun(run.task_id, run.attempt) for run in running)
        event = WorkerBeat(worker_id=worker_id, running=held, **(given | more))
        await self._write(topics.WORKERS, 0, worker_id, event, worker_id)

    @asynccontextmanager
    async def beating(self, worker_id: str, **more: Any) -> AsyncIterator[None]:
        """A worker that beats every 100 ms and holds whatever it was assigned and did not end."""

        async def go() -> None:
            while True:
                over = {(e.task_id, e.attempt) for e in self.events(RunSucceeded) + self.events(RunFailed)}
                mine = [r for r in self.events(RunAssigned) if r.worker_id == worker_id]
                await self.beat(worker_id, *(r for r in mine if (r.task_id, r.attempt) not in over), **more)
                await asyncio.sleep(0.1)

        beats = asyncio.create_task(go())
        try:
            yield
        finally:
            beats.cancel()
            await asyncio.wait([beats])

    async def start_run(self, run: RunAssigned) -> None:
        event = RunStarted(task_id=run.task_id, attempt=run.attempt, sequence=1, worker_id=run.worker_id, device="cpu")
        await self._say(run, event)

    async def finish_run(self, run: RunAssigned) -> None:
        await self._say(
            run,
            RunSucceeded(task_id=run.task_id, attempt=run.attempt, sequence=2, worker_id=run.worker_id, outputs=()),
        )

    async def _say(self, run: RunAssigned, event: msgspec.Struct) -> None:
        partition = topics.account_partition(run.account_id)
        await self._write(topics.RUNS, partition, run.account_id, event, run.task_id)

    async def _write(self, topic: topics.Topic, partition: int, key: str, event: msgspec.Struct, subject: str) -> None:
        await self.writer.write(topic, partition, key, event, subject=subject, actor="test", correlation_id="test")

    async def until(self, kind: type[E], count: int = 1, **fields: Any) -> list[E]:
        async with asyncio.timeout(20):
            while True:
                found = [e for e in self.events(kind) if all(getattr(e, k) == v for k, v in fields.items())]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.01)

    def events(self, kind: type[E]) -> list[E]:
        return [event for _, event in self.valid() if isinstance(event, kind)]

    def valid(self) -> list[tuple[Record, msgspec.Struct]]:
        """All valid events, partition by partition."""
        found = []
        for records in self.log.partitions.values():
            position = Position()
            for record in records:
                entry = read(position, record)
                position = entry.after
                if entry.kind == "event" and isinstance(entry.decoded, tuple):
                    found.append((record, entry.decoded[1]))
        return found

    @staticmethod
    def broken() -> NewRecord:
        """A record without an envelope, whose value is no JSON."""
        return NewRecord(b"key", b"not JSON", [], 0)

    def offset_of(self, tp: TP, event: msgspec.Struct) -> int:
        return next(r.offset for r, e in self.valid() if (r.topic, r.partition) == tp and e == event)
