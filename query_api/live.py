"""Live updates: one tail of `lathe.accounts` and `lathe.progress` for the whole process, fanned out by task."""

import asyncio
import contextlib
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from typing import Final

import structlog

from adapters.kafka import topics
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Undecodable
from domain.account.timeline import TimelineEntry, entries_of
from domain.runs.events import QueueChanged, RunProgressed
from query_api.going_on import places_anew
from query_api.latest import Latest

log = structlog.get_logger(__name__)

WAITING_EVENTS: Final = 64
"""Task events that wait for one slow client; with more it is dropped, and resumes by Last-Event-ID."""
REMEMBERED: Final = 10_000
"""Accounts whose last event is remembered."""
TAIL: Final = 2000
"""Records of each partition of lathe.progress that are read at the start."""
FETCHED: Final = 2000
UNWATCHED_S: Final = 0.2
"""How long the feed rests between two fetches while nobody listens: each costs this process and the broker the same."""


class Subscription:
    """What one client has not been sent yet. Of progress only the fact that there is news: the newest is in Latest."""

    def __init__(self) -> None:
        self._events: deque[TimelineEntry] = deque()
        self._news = asyncio.Event()
        self._moved = False
        self.dropped = False
        """The client was too slow, or the service stops: end the stream."""

    async def wait(self, timeout_s: float) -> bool:
        """Whether there is news within the time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> tuple[list[TimelineEntry], bool]:
        """The events since the last call, and whether progress moved."""
        events, moved = list(self._events), self._moved
        self._events.clear()
        self._moved = False
        if not self.dropped:
            self._news.clear()
        return events, moved

    def put(self, entry: TimelineEntry) -> None:
        if len(self._events) >= WAITING_EVENTS:
            self.drop()
        else:
            self._events.append(entry)
            self._news.set()

    def progress_moved(self) -> None:
        self._moved = True
        self._news.set()

    def drop(self) -> None:
        self.dropped = True
        self._news.set()


class LiveFeed:
    """`start` at the read models' positions: they come with the state of the read rule."""

    def __init__(self, log_: Log) -> None:
        self._log = log_
        self._subscriptions: dict[str, set[Subscription]] = defaultdict(set)
        self._accounts: dict[TP, Position] = {}
        self._heard: OrderedDict[str, int] = OrderedDict()
        self._told: OrderedDict[str, int] = OrderedDict()
        self._follower: Follower | None = None
        self._in_doubt = False
        """The log may not hold its places any more."""
        self._task: asyncio.Task[None] | None = None
        self._watched = asyncio.Event()
        self.latest = Latest()

    async def start(self, stands: Mapping[TP, Position]) -> None:
        """Read the tail of lathe.progress, then follow; at once, where the log does not hold `stands`. Raises
        LogUnavailable."""
        tps = [(topics.ACCOUNTS.name, p) for p in range(topics.ACCOUNTS.partitions)]
        self._accounts = {tp: stands.get(tp, Position()) for tp in tps}
        try:
            follower = await self._started()
            ends = {tp: end for tp, end in (await follower.ends()).items() if tp[0] == topics.PROGRESS.name}
            while not follower.has_passed(ends):
                self._take(await follower.poll(1000))
        except LogTruncated as error:
            await self._broke(error)
        self._task = asyncio.create_task(self._follow(), name="live feed")

    async def stop(self) -> None:
        self.drop_all()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        if self._follower is not None:
            await self._follower.stop()

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def next_offset(self, tp: TP) -> int:
        """Every record before it was fanned out."""
        return self._accounts[tp].offset

    def follows(self, tp: TP) -> bool:
        return tp in self._accounts

    def subscribe(self, task_id: str) -> Subscription:
        subscription = Subscription()
        self._subscriptions[task_id].add(subscription)
        self._watched.set()
        return subscription

    def unsubscribe(self, task_id: str, subscription: Subscription) -> None:
        subscribers = self._subscriptions[task_id]
        subscribers.discard(subscription)
        if not subscribers:
            del self._subscriptions[task_id]
        if not self._subscriptions:
            self._watched.clear()

    def drop_all(self) -> None:
        """End all streams: the service stops."""
        for subscribers in self._subscriptions.values():
            for subscription in subscribers:
                subscription.drop()

    async def _started(self) -> Follower:
        if self._in_doubt:
            await self._go_on_where_cut()
        progress = [(topics.PROGRESS.name, p) for p in range(topics.PROGRESS.partitions)]
        first, ends = await self._log.beginnings(progress), await self._log.ends(progress)
        tail = {tp: Position(max(first[tp], ends[tp] - TAIL)) for tp in progress}
        self._follower = Follower(self._log, self._accounts | tail)
        await self._follower.start()
        return self._follower

    async def _follow(self) -> None:
        while True:
            try:
                follower = self._follower or await self._started()
                entries = await follower.poll(500, FETCHED)
                self._take(entries)
                if 0 < len(entries) < FETCHED:
                    await self._rest()
            except Exception as error:  # noqa: BLE001 - told there
                await self._broke(error)
                await asyncio.sleep(0.5)

    async def _broke(self, error: Exception) -> None:
        known = isinstance(error, LogUnavailable | LogTruncated)
        log.warning("the live feed broke; trying again", why=repr(error), exc_info=None if known else error)
        self._in_doubt = self._in_doubt or isinstance(error, LogTruncated)
        if self._follower is not None:
            await self._follower.stop()
            self._follower = None

    async def _go_on_where_cut(self) -> None:
        """So the partitions that are whole go on too. Raises LogUnavailable."""
        if anew := await places_anew(self._log, self._accounts):
            log.error(
                "lathe.accounts was cut or replaced; live updates go on from the present log. Put the right log back, "
                "or rebuild the read models (docs/runbooks/NoProjector.md)",
                partitions=sorted(partition for _, partition in anew),
            )
            self._accounts |= anew
            cut = {partition for _, partition in anew}
            for known in (self._heard, self._told):  # offsets of another log: nobody is to wait for them
                for account_id in [one for one in known if topics.account_partition(one) in cut]:
                    del known[account_id]
        self._in_doubt = False

    async def _rest(self) -> None:
        """Until somebody listens, or for a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNWATCHED_S):
                await self._watched.wait()

    def _take(self, entries: list[Entry]) -> None:
        for entry in entries:
            record = entry.record
            if record.topic == topics.ACCOUNTS.name:
                self._accounts[(record.topic, record.partition)] = entry.after
            if entry.decoded is None or isinstance(entry.decoded, Undecodable) or record.key is None:
                continue
            envelope, event = entry.decoded
            if record.topic == topics.ACCOUNTS.name:
                _note(self._heard, record.key.decode(errors="replace"), record.offset + 1)
            if isinstance(event, RunProgressed):
                if self.latest.progressed(event, envelope.time):
                    self._tell_progress(event.task_id)
            elif isinstance(event, QueueChanged):
                self.latest.queue_changed(record.key.decode(errors="replace"), event)
                for queued in event.tasks:
                    self._tell_progress(queued.task_id)
            elif envelope.task_seq is not None:
                for moved in entries_of(envelope, event):
                    if self._tell(moved):
                        _note(self._told, record.key.decode(errors="replace"), record.offset + 1)

    def heard(self, account_id: str) -> int:
        """Every event of the account that this process has heard of is before this offset."""
        return self._heard.get(account_id, 0)

    def told(self, account_id: str) -> int:
        """Every event of the account that was streamed to a client is before this offset."""
        return self._told.get(account_id, 0)

    def _tell_progress(self, task_id: str) -> None:
        for subscription in self._subscriptions.get(task_id, ()):
            subscription.progress_moved()

    def _tell(self, entry: TimelineEntry) -> bool:
        """Whether anybody listens."""
        if entry.terminal:
            self.latest.ended(entry.task_id)
        subscriptions = self._subscriptions.get(entry.task_id, ())
        for subscription in subscriptions:
            subscription.put(entry)
        return bool(subscriptions)


def _note(newest: OrderedDict[str, int], account_id: str, offset: int) -> None:
    newest[account_id] = offset
    newest.move_to_end(account_id)
    if len(newest) > REMEMBERED:
        newest.popitem(last=False)
