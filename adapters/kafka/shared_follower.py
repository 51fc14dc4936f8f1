"""One connection and one fetch for partitions that come and go: readers of a process that each follow one of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Final

import structlog

from adapters.cancellation import was_cancelled
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP, Position

_MOST_AHEAD: Final = 5_000
"""Entries that lie ready for one reader before nothing more is fetched."""
_POLL_MS: Final = 500
_RETRY_S: Final = 0.2
log = structlog.get_logger(__name__)


class Stream:
    """One partition of a `SharedFollower`: whoever follows it takes what came."""

    def __init__(self, start: Position) -> None:
        self.position = start
        """After the last entry that lies ready or was taken."""
        self._ready: list[Entry] = []
        self._ended: Exception | None = None
        self._came, self._taken = asyncio.Event(), asyncio.Event()

    async def take(self) -> list[Entry]:
        """What came, at least one entry, in offset order. Raises LogTruncated: nothing more comes here."""
        await self._came.wait()
        if self._ended is not None:
            raise self._ended
        self._came.clear()
        entries, self._ready = self._ready, []
        self._taken.set()
        return entries

    def bring(self, entry: Entry) -> None:
        self._ready.append(entry)
        self.position = entry.after
        self._came.set()

    def end(self, error: Exception) -> None:
        self._ended = error
        self._came.set()

    async def has_room(self) -> None:
        """Wait until not too much lies ready."""
        while len(self._ready) >= _MOST_AHEAD:
            self._taken.clear()
            await self._taken.wait()

    def leave(self) -> None:
        """Nobody takes anything any more."""
        self._ready.clear()
        self._taken.set()


class SharedFollower:
    """Reads all its streams by one consumer, which is made anew where it stood whenever a stream comes or goes."""

    def __init__(self, log_: Log) -> None:
        self._log = log_
        self._streams: dict[TP, Stream] = {}
        self._reading: asyncio.Task[None] | None = None
        self._polling: asyncio.Task[list[Entry]] | None = None
        self._changed = asyncio.Event()
        self._joined = asyncio.Event()

    @contextlib.asynccontextmanager
    async def follow(self, tp: TP, start: Position) -> AsyncIterator[Stream]:
        """The stream of one partition, for one reader at a time."""
        stream = self._streams[tp] = Stream(start)
        self._joined.set()
        self._change()
        try:
            yield stream
        finally:
            stream.leave()
            if self._streams.get(tp) is stream:
                del self._streams[tp]
                self._change()
            if not self._streams:
                await self._until_nothing_is_read()

    async def _until_nothing_is_read(self) -> None:
        """Or until somebody follows a partition again: whoever left is not to wait for that one."""
        if self._reading is None:
            return
        self._joined.clear()
        joined = asyncio.create_task(self._joined.wait())
        try:
            await asyncio.wait({self._reading, joined}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            joined.cancel()

    def _change(self) -> None:
        self._changed.set()
        if self._polling is not None:
            self._polling.cancel()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="shared follower")

    async def _read(self) -> None:
        while self._streams:
            try:
                await self._follow_until_changed()
            except LogUnavailable as error:
                log.warning("cannot read; trying again", partitions=sorted(self._streams), why=str(error))
                await asyncio.sleep(_RETRY_S)
            except LogTruncated as error:
                await self._end_truncated(error)
            except asyncio.CancelledError as error:
                if was_cancelled(error):
                    raise
                await asyncio.sleep(_RETRY_S)
            except Exception as error:  # noqa: BLE001 - raised by those who read
                self._end(self._streams, error)

    async def _follow_until_changed(self) -> None:
        self._changed.clear()
        follower = Follower(self._log, {tp: stream.position for tp, stream in self._streams.items()})
        try:
            await follower.start()
            while not self._changed.is_set():
                entries = await self._poll(follower)
                if self._changed.is_set():  # they are read again: a stream may have come back at an earlier place
                    return
                for entry in entries:
                    self._streams[entry.record.topic, entry.record.partition].bring(entry)
                for stream in list(self._streams.values()):
                    await stream.has_room()
        finally:
            await follower.stop()

    async def _poll(self, follower: Follower) -> list[Entry]:
        """The only wait that a change cuts short: aiokafka leaks what a cancelled start has opened."""
        self._polling = asyncio.create_task(follower.poll(_POLL_MS))
        try:
            await asyncio.wait({self._polling})
            return [] if self._polling.cancelled() else self._polling.result()
        finally:
            self._polling = None

    async def _end_truncated(self, error: LogTruncated) -> None:
        """End the streams whose place is not in the log; the others go on."""
        asked = dict(self._streams)  # others may come, or go, before the answer
        try:
            first, end = await self._log.beginnings(asked), await self._log.ends(asked)
        except LogUnavailable:
            return
        gone = [tp for tp, stream in asked.items() if not first[tp] <= stream.position.offset <= end[tp]]
        self._end([tp for tp in gone if self._streams.get(tp) is asked[tp]], error)
        if not gone:
            await asyncio.sleep(_RETRY_S)

    def _end(self, tps: Iterable[TP], error: Exception) -> None:
        for tp in list(tps):
            self._streams.pop(tp).end(error)
