"""One attempt of one task, from its order to its last word in the log."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import structlog

from adapters.kafka.writer import EventWriter
from adapters.telemetry import tracing
from adapters.telemetry.subject import bind
from domain.account.events import Output, Problem
from domain.envelope import Envelope
from domain.scheduling.events import RunAssigned
from ml_worker import metrics
from ml_worker.api import CommandApi, Gone, Refused
from ml_worker.endings import Broke, Delivered, Ending, Halted, outcome_of
from ml_worker.engines.port import Retryable
from ml_worker.frames import Failed, Finished, Progressed, RunEngine, Stopped
from ml_worker.journal import LeaseLost, RunJournal
from ml_worker.kept_stages import KeptStages
from ml_worker.lease import Lease
from ml_worker.orders import Order, Orders
from ml_worker.outputs import Outputs
from ml_worker.pace import Pace
from ml_worker.progress import ENGINE_TO, ProgressReport
from ml_worker.slot import Died, Slot

log = structlog.get_logger(__name__)
GRACE_S: Final = 2.0
"""An engine that was asked to stop gets this long; then its process is killed."""
_MESSAGE_PATIENCE_S: Final = 20.0
Reason = Literal["cancelled", "abandoned", "lapsed", "stopping", "deadline", "overtime"]
"""Why an attempt is stopped. `abandoned`: it is not wanted; `lapsed`: it is another worker's by now."""
_NOT_FOR_RESULTS: Final = frozenset({"cancelled", "stopping", "deadline"})
"""A result that is made is delivered, whatever of these comes in the meantime."""
_BROKEN_BY: Final[dict[Reason, Broke]] = {
    "deadline": Broke("deadline-passed", "deadline"),
    "overtime": Broke("run-timeout", "retryable"),
    "stopping": Broke("worker-stopping", "retryable"),
}


class Attempt:
    """`folder` is made when something is to lie in it, and removed in the end.

    `most_s`: how long it may take, without the wait for a slot.
    """

    def __init__(
        self,
        run: RunAssigned,
        envelope: Envelope,
        *,
        api: CommandApi,
        orders: Orders,
        writer: EventWriter,
        lease: Lease,
        pace: Pace,
        folder: Path,
        most_s: float,
    ) -> None:
        self.run = run
        self._orders, self._outputs = orders, Outputs(api, run)
        self._span = tracing.start(
            f"run {run.model}",
            envelope.traceparent,
            "consumer",
            lathe__task_id=run.task_id,
            lathe__attempt=run.attempt,
            lathe__worker_id=run.worker_id,
        )
        self._subject = {
            "correlation_id": envelope.correlation_id,
            "traceparent": self._span.traceparent,
            "task_id": run.task_id,
            "account": run.account_id,
            "attempt": run.attempt,
        }
        self._journal = RunJournal(
            writer,
            lease,
            pace,
            run,
            correlation_id=envelope.correlation_id,
            cause=envelope.id,
            traceparent=self._span.traceparent,
        )
        self._progress = ProgressReport(writer, run, envelope.correlation_id)
        self._folder, self._most_s = folder, most_s
        self._kept = KeptStages(api, run, folder / "stages", self._journal.checkpointed)
        self._stopped: asyncio.Future[Reason] = asyncio.get_running_loop().create_future()
        self._phase: Literal["waiting", "preparing", "engine", "delivering", "over"] = "waiting"
        self._used = 0.0
        self._preview: asyncio.Task[None] | None = None
        self._fetching: asyncio.Task[Order]
        self._starting: asyncio.Task[None] | None = None

    def stop(self, reason: Reason) -> None:
        """Stop it at the next chance."""
        if self._phase == "over" or (self._phase == "delivering" and reason in _NOT_FOR_RESULTS):
            return
        if not self._stopped.done():
            self._stopped.set_result(reason)

    async def carry_out(self, free: "asyncio.Queue[Slot]") -> None:
        """Take a free slot, work, and tell the log how it ended. Never raises, unless cancelled."""
        bind(**self._subject)
        self._fetching = asyncio.create_task(self._orders.fetch(self.run), name=f"order {self.run.task_id}")
        began, outcome = time.monotonic(), "dropped"
        log.info("a run begins", model=self.run.model, worker=self.run.worker_id)
        try:
            ending = await self._work_in_a_slot(free)
            self._phase = "over"
            await self._tell(ending)
            outcome = outcome_of(ending)
        except LeaseLost:
            log.info("a run was dropped: the lease was lost")
        except Gone as error:
            await self._let_go(error)
        except Exception as error:
            log.exception("a run failed in the worker itself")
            self._span.fail(type(error).__name__)
            outcome = "failed"
            with contextlib.suppress(LeaseLost):
                await self._journal.failed(Problem(code="worker-error", kind="retryable"))
        finally:
            self._phase = "over"
            await self._progress.stop()
            await _dropped(self._fetching)
            self._note_end(outcome, time.monotonic() - began)

    def _note_end(self, outcome: str, seconds: float) -> None:
        metrics.RUNS.labels(self.run.model, outcome).inc()
        metrics.RUN_SECONDS.labels(self.run.model, outcome).observe(seconds)
        log.info("a run ended", model=self.run.model, outcome=outcome, seconds=round(seconds, 3))
        self._span.set(lathe__outcome=outcome)
        self._span.end()

    async def _work_in_a_slot(self, free: "asyncio.Queue[Slot]") -> Ending:
        slot = await self._slot(free)
        if slot is None:
            return self._ending(None)
        try:
            with metrics.BUSY.track_inprogress():
                ending = await self._work_until_stopped(slot)
                await self._kept.settle(again=self._another_may_follow(ending))
                return ending
        finally:
            self._kept.stop()
            free.put_nowait(slot)
            if self._folder.exists():
                await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _slot(self, free: "asyncio.Queue[Slot]") -> Slot | None:
        """The next free one; None if the attempt was stopped before it came."""
        if not free.empty():
            return free.get_nowait()
        taking = asyncio.create_task(free.get())
        try:
            await _first_of(taking, self._stopped)
        finally:
            if not taking.done():
                taking.cancel()
        return taking.result() if taking.done() and not taking.cancelled() else None

    def _another_may_follow(self, ending: Ending) -> bool:
        match ending:
            case Delivered():
                return False
            case Broke():
                return ending.kind == "retryable"
            case Halted():
                return not (self._stopped.done() and self._stopped.result() == "cancelled")

    async def _work_until_stopped(self, slot: Slot) -> Ending:
        work = asyncio.create_task(self._work(slot))
        limit = asyncio.get_running_loop().call_later(self._most_s, self.stop, "overtime")
        try:
            await _first_of(work, self._stopped)
            if not work.done():
                await self._halt(work, slot)
        finally:
            limit.cancel()
            if self._preview is not None:
                self._preview.cancel()
            if not work.done():
                slot.kill()
                work.cancel()
        return self._ending(None if work.cancelled() else work)

    async def _halt(self, work: "asyncio.Task[Ending]", slot: Slot) -> None:
        """Ask the engine to stop; kill its process if it does not. Other work is simply cancelled."""
        if self._phase == "engine":
            slot.cancel()
            if self._stopped.result() != "lapsed":
                await asyncio.wait({work}, timeout=GRACE_S)
            if not work.done() and self._phase == "engine":
                slot.kill()
        if not work.done():
            work.cancel()
            await asyncio.wait({work})

    def _ending(self, work: "asyncio.Task[Ending] | None") -> Ending:
        """What the work came to; if it was stopped, that counts, unless there is a result nevertheless."""
        if not self._stopped.done():
            return work.result() if work is not None else Halted()
        made = work.result() if work is not None and work.exception() is None else None
        if isinstance(made, Delivered):
            return made
        return _BROKEN_BY.get(self._stopped.result(), Halted())

    async def _work(self, slot: Slot) -> Ending:
        self._phase = "preparing"
        try:
            order = await self._fetching
        except (Refused, msgspec.MsgspecError) as error:
            log.error("an order cannot be read", why=str(error))
            return Broke("order-unreadable", "retryable")
        await slot.ready.wait()
        offer = slot.offers.get(order.model)
        if offer is None or offer.version != order.version:
            log.error("an order is for another engine", model=order.model, version=order.version)
            return Broke("engine-unusable", "retryable" if offer is None else "permanent")
        # The engine need not wait for the broker: what is said later waits for this in the journal.
        self._starting = asyncio.create_task(self._journal.started(slot.device), name=f"started {order.task_id}")
        self._starting.add_done_callback(self._has_started)
        self._progress.start()
        with _timer(order.deadline, lambda: self.stop("deadline")):
            return await self._make(slot, order, [stage for stage, _ in offer.stages])

    async def _make(self, slot: Slot, order: Order, stages: Sequence[str]) -> Ending:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            files = await self._orders.download(order, self._folder / "in")
        except Retryable as error:
            return Broke(error.code, error.kind, error.message)
        await self._kept.fetch()
        fetched = clock()
        self._phase = "engine"
        outcome = await slot.run(
            RunEngine(
                run=0,
                engine=order.model,
                prompt=order.prompt,
                files=files,
                params=order.params,
                seed=order.seed,
                folder=str(self._folder / "out"),
                checkpoints=str(self._folder / "stages"),
                deadline=order.deadline,
                subject=self._subject,
            ),
            self._heard,
            self._kept.saved,
        )
        made = clock()
        match outcome:
            case Finished():
                self._phase = "delivering"
                outputs = await self._deliver(outcome)
                times = {"fetch_s": fetched - began, "engine_s": made - fetched, "upload_s": clock() - made}
                metrics.observe_stages(order.model, stages, outcome.metrics | times)
                return Delivered(outputs, outcome.metrics | {name: round(s, 4) for name, s in times.items()})
            case Failed():
                return Broke(outcome.code, outcome.kind, outcome.message)
            case Stopped():
                self._used = max(self._used, outcome.used)
                return self._stopped_by_itself(order)
            case Died():
                if not self._stopped.done():
                    log.error("an engine died", model=order.model, returncode=outcome.returncode)
                return Broke("engine-died", "retryable")

    def _stopped_by_itself(self, order: Order) -> Ending:
        """The engine saw that it must stop: because it was told to, or by the clock, before this process did."""
        if self._stopped.done():
            return Halted()
        passed = order.deadline is not None and datetime.now(UTC) >= order.deadline
        return _BROKEN_BY["deadline"] if passed else Broke("engine-error", "retryable")

    async def _deliver(self, finished: Finished) -> tuple[Output, ...]:
        outputs = []
        for i, file in enumerate(finished.files):
            self._progress.tell("upload", ENGINE_TO + (1 - ENGINE_TO) * i / (len(finished.files) + 1))
            outputs.append(await self._outputs.put_file(file.format, Path(file.path), file.media_type))
        if finished.report or finished.understood or finished.ignored:
            outputs.append(await self._outputs.put_report(finished))
        return tuple(outputs)

    def _has_started(self, starting: "asyncio.Task[None]") -> None:
        if not starting.cancelled() and isinstance(starting.exception(), LeaseLost):
            self.stop("lapsed")

    def _heard(self, progressed: Progressed) -> None:
        self._used = max(self._used, progressed.used)
        self._progress.tell_engine(progressed.stage, progressed.fraction)
        if progressed.preview is not None and (self._preview is None or self._preview.done()):
            self._preview = asyncio.create_task(self._show(Path(progressed.preview)))

    async def _show(self, preview: Path) -> None:
        """Previews on the way are a courtesy: one that cannot be stored is left out."""
        try:
            self._progress.show((await self._outputs.put_file("preview", preview, "image/png")).sha256)
        except (OSError, Gone, Refused, msgspec.MsgspecError) as error:
            log.warning("a preview was not stored", why=repr(error))

    async def _tell(self, ending: Ending) -> None:
        """The attempt's last word in lathe.runs; none if nobody wants to hear it."""
        match ending:
            case Delivered():
                await self._progress.finish("upload", 1.0)
                await self._journal.succeeded(ending.outputs, ending.metrics)
            case Broke():
                await self._progress.stop()
                await self._journal.failed(await self._problem(ending))
            case Halted():
                await self._progress.stop()
                if self._stopped.done() and self._stopped.result() == "cancelled":
                    await self._journal.cancelled(round(self._used, 6))

    async def _let_go(self, gone: Gone) -> None:
        """The attempt is not wanted any more. If it had begun, a cancellation may wait for its answer."""
        log.info("a run is not wanted", why=str(gone))
        if self._journal.begun:
            with contextlib.suppress(LeaseLost):
                await self._journal.cancelled(round(self._used, 6))

    async def _problem(self, broke: Broke) -> Problem:
        message = None
        if broke.message:
            try:
                async with asyncio.timeout(_MESSAGE_PATIENCE_S):
                    message = await self._outputs.put_message(broke.message)
            except (TimeoutError, Refused, msgspec.MsgspecError) as error:
                log.warning("a failure's message was not stored", why=repr(error))
        return Problem(code=broke.code, kind=broke.kind, message_sha256=message)


async def _dropped(task: "asyncio.Task[Any]") -> None:
    """End a task whose result nobody needs."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


async def _first_of(*awaited: "asyncio.Future[Any]") -> None:
    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)


@contextlib.contextmanager
def _timer(at: datetime | None, then: Callable[[], None]) -> Iterator[None]:
    if at is None:
        yield
        return
    left = (at - datetime.now(UTC)).total_seconds()
    handle = asyncio.get_running_loop().call_later(max(0.0, left), then)
    try:
        yield
    finally:
        handle.cancel()
