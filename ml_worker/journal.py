"""What a worker says about one attempt in `lathe.runs`, in order, until it is written."""

import asyncio
from typing import Final

import structlog

from adapters.kafka.port import AppendFailed, LogUnavailable
from adapters.kafka.record import type_of
from adapters.kafka.topics import RUNS, account_partition
from adapters.kafka.writer import EventWriter
from domain.account.events import Output, Problem
from domain.runs.events import RunCancelled, RunCheckpointed, RunFailed, RunStarted, RunSucceeded
from domain.scheduling.events import RunAssigned
from ml_worker.backoff import delays
from ml_worker.lease import Lease
from ml_worker.pace import Pace

log = structlog.get_logger(__name__)
ACTOR = "service/ml_worker"
LINGER_S: Final = 0.02
RunEvent = RunStarted | RunCheckpointed | RunSucceeded | RunFailed | RunCancelled


class LeaseLost(Exception):
    """The run is another worker's by now: nothing more may be said about it."""


class RunJournal:
    """Events carry the run sequence 1, 2, 3…; a repeated write carries the same one, so readers count it once."""

    def __init__(
        self,
        writer: EventWriter,
        lease: Lease,
        pace: Pace,
        run: RunAssigned,
        *,
        correlation_id: str,
        cause: str,
        traceparent: str | None,
    ) -> None:
        self._writer, self._lease, self._pace, self._run = writer, lease, pace, run
        self._correlation_id, self._cause, self._traceparent = correlation_id, cause, traceparent
        self._sequence = 0
        self._term = lease.term
        self._unsaid: list[RunEvent] = []
        self._in_order = asyncio.Lock()

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return self._sequence > 0

    async def started(self, device: str) -> None:
        """It waits 20 ms for company: a run that is over by then is told of in one batch, and decided on in one round.

        Nothing may rest on it: the task is `running` once its account's owner has read it.
        """
        run, sequence = self._run, self._next()
        event = RunStarted(
            task_id=run.task_id, attempt=run.attempt, sequence=sequence, worker_id=run.worker_id, device=device
        )
        self._unsaid.append(event)
        await asyncio.sleep(LINGER_S)
        await self._say()

    async def checkpointed(self, stage: str, size: int, sha256: str) -> None:
        """A stage lies in the object store; `size` in bytes."""
        run, sequence = self._run, self._next()
        await self._write(
            RunCheckpointed(
                task_id=run.task_id,
                attempt=run.attempt,
                sequence=sequence,
                worker_id=run.worker_id,
                stage=stage,
                bytes=size,
                sha256=sha256,
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
        self._unsaid.append(event)
        await self._say()

    async def _say(self) -> None:
        """Repeat until the broker has all that was to be said by now. Raises LeaseLost."""
        await self._pace.turn()
        async with self._in_order:
            unsaid, self._unsaid = self._unsaid, []
            for wait in delays():
                if not unsaid:
                    return
                if self._term is None:  # It was assigned in a silence: it belongs to the next term.
                    self._term = self._lease.term
                if self._term is not None:
                    if self._lease.term != self._term:
                        raise LeaseLost
                    written = await asyncio.gather(*(self._written(event) for event in unsaid))
                    unsaid = [event for event, done in zip(unsaid, written, strict=True) if not done]
                if unsaid:
                    await asyncio.sleep(wait)

    async def _written(self, event: RunEvent) -> bool:
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
            return False
        log.info("reported", event_type=type_of(event))
        return True
