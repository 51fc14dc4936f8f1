"""What a worker says about one attempt in `lathe.runs`, in order, until it is written."""

import asyncio

import structlog

from adapters.kafka.port import AppendFailed, LogUnavailable
from adapters.kafka.record import type_of
from adapters.kafka.topics import RUNS, account_partition
from adapters.kafka.writer import EventWriter
from domain.account.events import Output, Problem
from domain.runs.events import RunCancelled, RunFailed, RunStarted, RunSucceeded
from domain.scheduling.events import RunAssigned
from ml_worker.backoff import delays
from ml_worker.lease import Lease

log = structlog.get_logger(__name__)
ACTOR = "service/ml_worker"
RunEvent = RunStarted | RunSucceeded | RunFailed | RunCancelled


class LeaseLost(Exception):
    """The run is another worker's by now: nothing more may be said about it."""


class RunJournal:
    """Events carry the run sequence 1, 2, 3…; a repeated write carries the same one, so readers count it once."""

    def __init__(
        self,
        writer: EventWriter,
        lease: Lease,
        run: RunAssigned,
        *,
        correlation_id: str,
        cause: str,
        traceparent: str | None,
    ) -> None:
        self._writer, self._lease, self._run = writer, lease, run
        self._correlation_id, self._cause, self._traceparent = correlation_id, cause, traceparent
        self._sequence = 0
        self._term = lease.term

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return self._sequence > 0

    async def started(self, device: str) -> None:
        run, sequence = self._run, self._next()
        await self._write(
            RunStarted(
                task_id=run.task_id, attempt=run.attempt, sequence=sequence, worker_id=run.worker_id, device=device
            )
        )

    async def succeeded(self, outputs: tuple[Output, ...], metrics: dict[str, float]) -> None:
        """All outputs must lie in the object store by now."""
        run, sequence = self._run, self._next()
        await self._write(
            RunSucceeded(
                task_id=run.task_id,
                attempt=run.attempt,
                sequence=sequence,
                worker_id=run.worker_id,
                outputs=outputs,
                metrics=metrics,
            )
        )

    async def failed(self, problem: Problem) -> None:
        run, sequence = self._run, self._next()
        await self._write(
            RunFailed(
                task_id=run.task_id, attempt=run.attempt, sequence=sequence, worker_id=run.worker_id, problem=problem
            )
        )

    async def cancelled(self, used_fraction: float) -> None:
        run, sequence = self._run, self._next()
        await self._write(
            RunCancelled(
                task_id=run.task_id,
                attempt=run.attempt,
                sequence=sequence,
                worker_id=run.worker_id,
                used_fraction=used_fraction,
            )
        )

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    async def _write(self, event: RunEvent) -> None:
        """Repeat until the broker has it. Raises LeaseLost."""
        for wait in delays():
            if self._term is None:  # It was assigned in a silence: it belongs to the next term.
                self._term = self._lease.term
            if self._term is None:
                await asyncio.sleep(wait)
                continue
            if self._lease.term != self._term:
                raise LeaseLost
            try:
                await self._writer.write(
                    RUNS,
                    account_partition(self._run.account_id),
                    self._run.account_id,
                    event,
                    subject=event.task_id,
                    actor=ACTOR,
                    correlation_id=self._correlation_id,
                    causation_id=self._cause,
                    traceparent=self._traceparent,
                )
            except (AppendFailed, LogUnavailable) as error:
                log.warning("a run event was not written yet", why=str(error))
                await asyncio.sleep(wait)
            else:
                log.info("reported", event_type=type_of(event))
                return
