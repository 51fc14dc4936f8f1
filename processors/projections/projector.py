"""The projector: follows the truth topics and keeps the read models, for as long as it runs."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import msgspec
import structlog

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.follower import Follower
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP
from adapters.postgres.away import AWAY
from adapters.postgres.read.partitions import PARTITIONS
from processors.projections import leadership, metrics, offsets
from processors.projections.batch import Batch
from processors.projections.gathering import Gathering
from processors.projections.orders import Orders
from processors.projections.parking import parked_streams
from processors.projections.port import Connection
from processors.projections.reporting import report
from processors.projections.writing import Writer

log = structlog.get_logger(__name__)

MAX_RECORDS: Final = 10_000
"""Records of one transaction, about."""
RETRIED: Final = (*AWAY, LogUnavailable)
"""Nothing is parked for these: the projector begins anew from the offsets that are committed."""


class Goal(msgspec.Struct, frozen=True):
    """Where a rebuild ends: before the offset `until` of each partition. `moved` hears the positions of each commit."""

    until: Mapping[TP, int]
    moved: Callable[[Mapping[TP, int]], None]

    def reached(self, positions: Mapping[TP, int]) -> bool:
        return all(positions.get(tp, 0) >= offset for tp, offset in self.until.items())


class Projector:
    """`identify` asks the broker which log it is; `log_` is not closed here."""

    def __init__(
        self, log_: Log, identify: Callable[[], Awaitable[LogIdentity]], postgres_url: str, schema: str
    ) -> None:
        self._log = log_
        self._identify = identify
        self._url = postgres_url
        self._schema = schema
        self.max_records = MAX_RECORDS

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Project until cancelled. `ready` is called when this process leads, or waits for the one that does."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self._lead(ready)
            except offsets.Superseded as error:
                log.warning("stepping down", why=str(error))
            except (offsets.RebuildNeeded, LogTruncated) as error:
                log.error("the read models must be rebuilt; nothing is projected", why=str(error))
                await asyncio.sleep(30)
            except RETRIED as error:
                log.warning("projecting failed; beginning anew from the committed offsets", why=repr(error))
            except Exception:
                # asyncpg has errors of its own for connections that are cut at odd moments.
                log.exception("projecting failed unexpectedly; beginning anew from the committed offsets")
            failures = 0 if time.monotonic() - began > 30 else failures + 1
            await asyncio.sleep(_pause_s(failures))

    async def run_to(self, goal: Goal) -> None:
        """Project up to a goal, and no record further. What is committed already is not folded again.

        Retries what may pass. Raises offsets.RebuildNeeded, offsets.Superseded and LogTruncated.
        """
        failures = 0
        while True:
            try:
                return await self._lead(lambda: None, goal)
            except RETRIED as error:
                failures += 1
                log.warning("projecting failed; going on from the committed offsets", why=repr(error))
                await asyncio.sleep(_pause_s(failures))

    async def _lead(self, ready: Callable[[], None], goal: Goal | None = None) -> None:
        """One term: from the lock to the first failure, or to the goal."""
        connection = await leadership.connect(self._url, self._schema)
        try:
            ready()
            await leadership.become_leader(connection, self._schema)
            follower, writer = await self._take_over(connection)
            metrics.LEADING.inc()
            parked = metrics.Share(metrics.PARKED_STREAMS)
            parked.set(len(writer.parked_streams))
            try:
                if goal is None:
                    await self._follow(follower, writer, parked)
                else:
                    await self._reach(follower, writer, parked, goal)
            finally:
                metrics.LEADING.dec()
                parked.set(0)
                await follower.stop()
        finally:
            # close() would wait for a server that may be gone; the lock is freed either way.
            connection.terminate()

    async def _take_over(self, connection: Connection) -> tuple[Follower, Writer]:
        stands = await offsets.load(connection, PARTITIONS, await self._identify())
        await offsets.compare_with_log(self._log, stands)
        writer = Writer(
            connection,
            {tp: stand.position.offset for tp, stand in stands.items()},
            await parked_streams(connection),
        )
        follower = Follower(self._log, {tp: stand.position for tp, stand in stands.items()})
        await follower.start()
        log.info("projecting", schema=self._schema, records=sum(writer.positions.values()))
        return follower, writer

    async def _follow(self, follower: Follower, writer: Writer, parked: metrics.Share) -> None:
        """Write what was gathered meanwhile, batch by batch."""
        gathering = Gathering(follower, writer.parked_streams, self.max_records)
        orders = Orders(writer.connection, writer)
        await orders.listen(gathering.wake)
        async with _reading(gathering):
            while True:
                batch = await gathering.take(leadership.PING_S)
                await orders.carry_out()
                parked.set(len(writer.parked_streams))
                if batch is not None:
                    await _write(writer, batch, parked)
                else:
                    await leadership.stay_leader(writer.connection)

    async def _reach(self, follower: Follower, writer: Writer, parked: metrics.Share, goal: Goal) -> None:
        """As `_follow`, but only up to the goal, and without orders: those are for the models that serve."""
        gathering = Gathering(follower, writer.parked_streams, self.max_records, goal.until)
        goal.moved(writer.positions)
        async with _reading(gathering):
            while not goal.reached(writer.positions):
                if (batch := await gathering.take(leadership.PING_S)) is not None:
                    await _write(writer, batch, parked)
                    goal.moved(writer.positions)
                else:
                    await leadership.stay_leader(writer.connection)


@contextlib.asynccontextmanager
async def _reading(gathering: Gathering) -> AsyncIterator[None]:
    """The next records are read while the block runs."""
    reading = asyncio.create_task(gathering.run(), name="projector reads")
    try:
        yield
    finally:
        reading.cancel()
        await asyncio.wait([reading])


def _pause_s(failures: int) -> float:
    """How long to wait before the next try."""
    return min(5.0, 0.1 * 2.0 ** min(failures, 6)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


async def _write(writer: Writer, batch: Batch, parked: metrics.Share) -> None:
    before = writer.parked_records
    with metrics.BATCH_SECONDS.time():
        await writer.write(batch)
    report(batch.entries, batch.began_ns, writer.parked_records - before)
    parked.set(len(writer.parked_streams))
