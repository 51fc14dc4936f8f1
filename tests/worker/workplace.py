"""What stands around a worker in tests: a command_api with an object store over real HTTP, and a log to assign in."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.claims import claim_record
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import NewRecord
from adapters.kafka.readrule import event_headers
from adapters.kafka.record import Record, decode, encode_headers, encode_value, type_of
from adapters.kafka.writer import EventWriter
from domain.envelope import Envelope
from domain.runs.events import RunCancelled, RunFailed, RunSucceeded, WorkerBeat
from domain.scheduling.events import RunAssigned, RunRevoked
from ml_worker.api import CommandApi
from ml_worker.assignments import Assignments
from ml_worker.heart import Heart
from ml_worker.lease import Lease
from ml_worker.parent import Worker
from ml_worker.slot import Slot

ENGINE = "tests.worker.engine:StepEngine"
TOKEN = "the-service-token"
SIGNED = "?X-Amz-Signature=0a1b2c"
E = TypeVar("E", bound=msgspec.Struct)


class CommandApiServer:
    """Orders by (task, attempt), and the objects that were put."""

    def __init__(self) -> None:
        self.orders: dict[tuple[str, int], dict[str, Any]] = {}
        self.objects: dict[str, bytes] = {}
        self.media_types: dict[str, str] = {}
        self.stages: dict[tuple[str, str], bytes] = {}
        """By task and name."""
        self.published: list[dict[str, Any]] = []
        self.failures: list[int] = []
        """Statuses that the next requests get instead of an answer."""
        self.asked_together: list[int] = []
        """How many orders each request for several asked for."""
        self.stage_status = 200
        """What putting and getting a stage is answered with."""
        self.heard: list[tuple[str, str, str | None, str]] = []
        """Method, path, request id and trace id of each request to `/internal/`."""
        self.url = ""

    def order(self, task_id: str, account_id: str, attempt: int = 1, **more: Any) -> None:
        self.orders[task_id, attempt] = {
            "task_id": task_id,
            "account_id": account_id,
            "attempt": attempt,
            "model": "test/steps",
            "version": "1",
            "params": {},
            "seed": 7,
            "prompt": "a mug",
            "inputs": [],
        } | more

    def stored(self, sha256: str) -> Any:
        return msgspec.json.decode(self.objects[sha256])

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["CommandApiServer"]:
        app = web.Application(middlewares=[self._gate])
        app.router.add_get("/internal/runs/{task}/{attempt}", self._describe)
        app.router.add_post("/internal/runs", self._describe_all)
        app.router.add_post("/internal/runs/{task}/{attempt}/outputs", self._output)
        app.router.add_route("*", "/internal/runs/{task}/{attempt}/stages", self._stages)
        app.router.add_put("/stages/{task}/{name}", self._put_stage)
        app.router.add_get("/stages/{task}/{name}", self._get_stage)
        app.router.add_post("/internal/models", self._publish)
        app.router.add_put("/bucket/{sha}", self._put)
        app.router.add_get("/bucket/{sha}", self._get)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith("/internal/"):
            trace = request.headers.get("traceparent", "").split("-")
            self.heard.append((request.method, request.path, request.headers.get("X-Request-Id"), "".join(trace[1:2])))
        if self.failures:
            return web.Response(status=self.failures.pop(0))
        if request.path.startswith("/internal/") and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        return await handler(request)  # type: ignore[no-any-return]

    async def _describe(self, request: web.Request) -> web.Response:
        found = self._order(request)
        return web.json_response(found) if found else web.Response(status=404)

    async def _describe_all(self, request: web.Request) -> web.Response:
        wanted = (await request.json())["runs"]
        self.asked_together.append(len(wanted))
        found = [self.orders.get((run["task_id"], run["attempt"])) for run in wanted]
        return web.json_response(
            {"orders": [{"order": order} if order else {"status": 404, "detail": "gone"} for order in found]}
        )

    def _order(self, request: web.Request) -> dict[str, Any] | None:
        found = self.orders.get((request.match_info["task"], int(request.match_info["attempt"])))
        return found if found and found["account_id"] == request.query["account_id"] else None

    async def _output(self, request: web.Request) -> web.Response:
        if self._order(request) is None:
            return web.Response(status=409)
        asked = await request.json()
        headers = {"x-signed": "1", "content-type": asked["media_type"]}
        return web.json_response({"put_url": f"{self.url}/bucket/{asked['sha256']}", "headers": headers})

    async def _stages(self, request: web.Request) -> web.Response:
        if self._order(request) is None:
            return web.Response(status=409)
        task = request.match_info["task"]
        match request.method:
            case "GET":
                names = [name for owner, name in self.stages if owner == task]
                items = [{"name": name, "url": f"{self.url}/stages/{task}/{name}{SIGNED}"} for name in names]
                return web.json_response({"items": items})
            case "POST":
                name = (await request.json())["name"]
                return web.json_response({"put_url": f"{self.url}/stages/{task}/{name}{SIGNED}", "headers": {}})
            case _:
                self.stages = {key: value for key, value in self.stages.items() if key[0] != task}
                return web.Response(status=204)

    async def _put_stage(self, request: web.Request) -> web.Response:
        self.stages[request.match_info["task"], request.match_info["name"]] = await request.read()
        return web.Response(status=self.stage_status)

    async def _get_stage(self, request: web.Request) -> web.Response:
        body = self.stages[request.match_info["task"], request.match_info["name"]]
        return web.Response(status=self.stage_status, body=body)

    async def _publish(self, request: web.Request) -> web.Response:
        self.published.append(await request.json())
        return web.json_response({}, status=201)

    async def _put(self, request: web.Request) -> web.Response:
        content = await request.read()
        sha = request.match_info["sha"]
        types = request.headers.getall("Content-Type")
        if len(types) != 1 or request.headers.get("X-Signed") != "1" or hashlib.sha256(content).hexdigest() != sha:
            return web.Response(status=400)
        self.objects[sha] = content
        self.media_types[sha] = request.headers["Content-Type"]
        return web.Response()

    async def _get(self, request: web.Request) -> web.Response:
        content = self.objects.get(request.match_info["sha"])
        return web.Response(status=404) if content is None else web.Response(body=content)


class Scheduler:
    """Writes lathe.assignments as its owner does: claim, then sequenced events."""

    def __init__(self, log: MemoryLog) -> None:
        self._log, self._seq, self._epoch = log, 0, 0

    async def claim(self) -> None:
        self._epoch, self._seq = self._epoch + 1, 0
        tp = (topics.ASSIGNMENTS.name, 0)
        await self._log.put(tp, [claim_record(tp, self._epoch, new_id(), "http://scheduler")])

    async def say(self, event: RunAssigned | RunRevoked, epoch: int | None = None) -> None:
        self._seq += 1
        now = datetime.now(UTC)
        envelope = Envelope(
            id=new_id(),
            type=type_of(event),
            source="test",
            time=now,
            subject=event.task_id,
            actor="system",
            correlation_id="request-1",
        )
        headers = encode_headers(envelope) + event_headers(epoch or self._epoch, self._seq)
        record = NewRecord(event.worker_id.encode(), encode_value(event), headers, int(now.timestamp() * 1000))
        await self._log.put((topics.ASSIGNMENTS.name, 0), [record])

    async def assign(self, worker_id: str, account_id: str, task_id: str, attempt: int = 1) -> RunAssigned:
        run = RunAssigned(
            task_id=task_id,
            attempt=attempt,
            account_id=account_id,
            worker_id=worker_id,
            model="test/steps",
            topic=topics.ACCOUNTS.name,
            partition=topics.account_partition(account_id),
            offset=0,
        )
        await self.say(run)
        return run

    async def revoke(self, run: RunAssigned, reason: str) -> None:
        await self.say(RunRevoked(task_id=run.task_id, attempt=run.attempt, worker_id=run.worker_id, reason=reason))


class Clock:
    """Monotonic seconds that a test can move."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


class Workplace:
    """A worker in this process (its engine in a child), its log and its command_api."""

    def __init__(self, folder: Path, *, slots: int = 1, interval_s: float = 0.2) -> None:
        self.log = MemoryLog()
        self.api = CommandApiServer()
        self.scheduler = Scheduler(self.log)
        self.clock = Clock()
        self.lease = Lease(self.clock)
        self.writer = EventWriter(self.log, "lathe/ml_worker")
        self.account_id = new_id()
        self._folder, self._slot_count, self._interval_s = folder, slots, interval_s

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Workplace"]:
        async with self.api.serve():
            await self.scheduler.claim()
            api = CommandApi(("http://127.0.0.1:9", self.api.url), TOKEN)
            self.slots = [
                Slot(device="cpu", threads=1, engines=(ENGINE,), on_change=lambda: self.heart.hurry())
                for _ in range(self._slot_count)
            ]
            self.worker = Worker(
                new_id(),
                self.slots,
                api=api,
                writer=self.writer,
                lease=self.lease,
                folder=self._folder / "runs",
                host="here",
                started_at=datetime.now(UTC),
                most_s=30,
                on_change=lambda: self.heart.hurry(),
            )
            self.heart = Heart(self.writer, self.lease, self.worker.beat, self.worker.lapse, self._interval_s)
            assignments = Assignments(self.log, self.worker.worker_id, self.worker.assign, self.worker.revoke,
                                      self.worker.retire)  # fmt: skip
            await assignments.start()
            self.worker.assignments_offset = assignments.offset
            for slot in self.slots:
                slot.start()
            loops = (self.heart.go(), self.heart.watch(), assignments.go())
            running = [asyncio.create_task(loop) for loop in loops]
            try:
                await self.heart.first.wait()
                yield self
            finally:
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
                for slot in self.slots:
                    await slot.stop()
                await assignments.stop()
                await api.stop()

    async def give(self, task_id: str | None = None, attempt: int = 1, **more: Any) -> RunAssigned:
        """Order and assign a run."""
        task_id = task_id or new_id()
        self.api.order(task_id, self.account_id, attempt, **more)
        return await self.scheduler.assign(self.worker.worker_id, self.account_id, task_id, attempt)

    async def until(self, kind: type[E], count: int = 1, **fields: Any) -> list[E]:
        """Wait until that many events of a kind, with these fields, stand in the log."""
        async with asyncio.timeout(20):
            while True:
                found = [e for e in self.events(kind) if all(getattr(e, k) == v for k, v in fields.items())]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.01)

    def events(self, kind: type[E]) -> list[E]:
        """In the order of each partition; those of one account are in one."""
        return [e for _, e in self.decoded() if isinstance(e, kind)]

    def decoded(self) -> list[tuple[Record, msgspec.Struct]]:
        found = []
        for records in self.log.partitions.values():
            for record in records:
                decoded = decode(record)
                assert isinstance(decoded, tuple), decoded
                found.append((record, decoded[1]))
        return found

    def endings(self) -> list[RunSucceeded | RunFailed | RunCancelled]:
        return [*self.events(RunSucceeded), *self.events(RunFailed), *self.events(RunCancelled)]

    def beats(self) -> list[WorkerBeat]:
        return self.events(WorkerBeat)
