"""Live workers, from their heartbeats: which engines can run now."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from adapters.kafka import topics
from adapters.kafka.follower import Follower
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import Position
from adapters.kafka.record import Undecodable
from domain.runs.events import WorkerBeat

log = structlog.get_logger(__name__)

SILENCE_S: Final = 10.0
"""A worker beats every 2 s; one that was silent for so long is taken for gone."""
TAIL: Final = 1000
_TP: Final = (topics.WORKERS.name, 0)


class LiveWorkers:
    """Follows `lathe.workers` from its last records on."""

    def __init__(self, log_: Log, clock: Callable[[], float] = time.time) -> None:
        self._log, self._clock = log_, clock
        self._beats: dict[str, tuple[float, WorkerBeat]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._follow(), name="live workers")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def heard(self, time_s: float, beat: WorkerBeat) -> None:
        """A heartbeat, sent at `time_s` (seconds since 1970)."""
        if beat.stopping:
            self._beats.pop(beat.worker_id, None)
        else:
            self._beats[beat.worker_id] = (time_s, beat)

    def live(self) -> list[tuple[datetime, WorkerBeat]]:
        """The last heartbeat of each worker that is not silent, and when it was sent."""
        oldest = self._clock() - SILENCE_S
        return [
            (datetime.fromtimestamp(time_s, UTC), beat) for time_s, beat in self._beats.values() if time_s >= oldest
        ]

    def summary(self) -> dict[str, Any]:
        """How many there are, how many runs they can take and have, and how many of each engine."""
        live = [beat for _, beat in self.live()]
        engines = Counter(engine.id for beat in live for engine in beat.engines)
        return {
            "workers": len(live),
            "slots": sum(beat.slots for beat in live if not beat.draining),
            "running": sum(len(beat.running) for beat in live),
            "engines": dict(sorted(engines.items())),
        }

    async def _follow(self) -> None:
        while True:
            try:
                await self._listen()
            except (LogUnavailable, LogTruncated) as error:
                log.warning("cannot follow the workers; trying again", why=str(error))
                await asyncio.sleep(1)

    async def _listen(self) -> None:
        first, end = await self._log.beginnings([_TP]), await self._log.ends([_TP])
        follower = Follower(self._log, {_TP: Position(max(first[_TP], end[_TP] - TAIL))})
        try:
            await follower.start()
            while True:
                for entry in await follower.poll(1000):
                    if entry.decoded is None or isinstance(entry.decoded, Undecodable):
                        continue
                    envelope, event = entry.decoded
                    if isinstance(event, WorkerBeat):
                        self.heard(envelope.time.timestamp(), event)
        finally:
            await follower.stop()
