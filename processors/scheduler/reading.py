"""What the scheduler reads: five topics, from their beginning, and whether it stands at the end of the heartbeats."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.kafka import topics
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.port import Log, LogUnavailable
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Undecodable
from domain.catalog.events import ModelPublished
from domain.scheduling.fold import Place, fold, observe
from domain.scheduling.state import SchedulerState

log = structlog.get_logger(__name__)
WORKERS: Final[TP] = (topics.WORKERS.name, 0)
ASSIGNMENTS: Final[TP] = (topics.ASSIGNMENTS.name, 0)
FROM_START: Final = (topics.CATALOG, topics.ACCOUNTS, topics.ASSIGNMENTS, topics.RUNS)
_ASK_S: Final = 0.5
"""How often the broker is asked where lathe.workers ends."""
_POLL_MS: Final = 200


class Reading:
    """Folds the log into `state`. It is caught up once it passed the ends seen at its start and `least`."""

    def __init__(self, log_: Log, least: dict[TP, int]) -> None:
        self.state = SchedulerState()
        self.caught_up = False
        self._log, self._least = log_, least
        self._follower: Follower | None = None
        self._first: dict[TP, int] = {}
        self._goal: dict[TP, int] = {}
        self._workers_end: int | None = None
        self._asked_at = 0.0

    async def start(self) -> None:
        """Raises LogUnavailable, LogTruncated."""
        # Heartbeats are kept for a day: that topic does not begin at 0 for ever.
        first = (await self._log.beginnings([WORKERS]))[WORKERS]
        start = {(topic.name, p): Position() for topic in FROM_START for p in range(topic.partitions)}
        self._follower = Follower(self._log, start | {WORKERS: Position(first)})
        self._first = self.positions()
        await self._follower.start()
        ends = await self._follower.ends()
        self._goal = {tp: max(end, self._least.get(tp, 0)) for tp, end in ends.items()}

    async def stop(self) -> None:
        if self._follower is not None:
            await self._follower.stop()
            self._follower = None

    def positions(self) -> dict[TP, int]:
        """The next offset of each partition; {} before the start."""
        found = {} if self._follower is None else self._follower.positions
        return {tp: position.offset for tp, position in found.items()}

    def progress(self) -> tuple[int, int]:
        """(how many records were read, how many there are to read), of those it has to pass to be caught up."""
        positions = self.positions()
        read = sum(min(positions[tp], goal) - self._first[tp] for tp, goal in self._goal.items())
        return read, sum(goal - self._first[tp] for tp, goal in self._goal.items())

    async def ends(self) -> dict[TP, int]:
        """Where the log ends now. Raises LogUnavailable."""
        return {} if self._follower is None else await self._follower.ends()

    async def round(self) -> bool:
        """Read and fold what came; returns whether anything did. Raises LogTruncated."""
        assert self._follower is not None, "start() comes first"
        try:
            entries = await self._follower.poll(_POLL_MS)
            now = datetime.now(UTC)
            for entry in entries:
                self._fold(entry, now)
            self.caught_up = self.caught_up or self._follower.has_passed(self._goal)
            at_end = self.caught_up and await self._at_end_of_heartbeats(self._follower)
        except LogUnavailable as error:
            # Nobody can be heard now, so silence proves nothing.
            log.warning("the log cannot be read now", why=str(error))
            self._workers_end = None
            observe(self.state, datetime.now(UTC), at_end=False)
            await asyncio.sleep(0.2)
            return False
        observe(self.state, datetime.now(UTC), at_end=at_end)
        return bool(entries)

    async def _at_end_of_heartbeats(self, follower: Follower) -> bool:
        clock = asyncio.get_running_loop().time()
        if self._workers_end is None or clock - self._asked_at >= _ASK_S:
            self._workers_end = (await self._log.ends([WORKERS]))[WORKERS]
            self._asked_at = clock
        return follower.has_passed({WORKERS: self._workers_end})

    def _fold(self, entry: Entry, now: datetime) -> None:
        if entry.decoded is None:
            return
        record = entry.record
        place = Place(record.topic, record.partition, record.offset)
        if isinstance(entry.decoded, Undecodable):
            log.error("a record was passed over", place=str(place), why=entry.decoded.why)
            return
        envelope, event = entry.decoded
        if isinstance(event, ModelPublished):
            self.state.seconds.setdefault(event.model, event.typical_seconds)
            return
        try:
            fold(self.state, place, (record.key or b"").decode("utf-8", "replace"), event, envelope, now)
        except (KeyError, ValueError, TypeError):
            log.exception("a record was passed over: it cannot be folded", place=str(place))
