"""A rebuild from its plan to the swap."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, Final

import asyncpg
import msgspec
import structlog

from adapters.kafka.cluster import LogIdentity, identify
from adapters.kafka.port import Log
from adapters.kafka.position import TP
from adapters.postgres import rebuilds
from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.live import swap_to
from adapters.postgres.read.migrate import SchemaOutdated, migrate_read
from adapters.postgres.read.partitions import PARTITIONS
from adapters.postgres.read.tables import metadata
from processors.parts import Parts
from processors.projections.offsets import RebuildNeeded
from processors.projections.projector import Goal, Projector
from processors.projections.registry import READ_MODELS
from processors.rebuild.comparing import Comparison, columns_of, compare, look, shared
from processors.rebuild.progress import Progress
from processors.rebuild.schemas import LOCK, Plan, Refused, plan
from processors.rebuild.skips import skip_again
from processors.rebuild.stands import Stands, load_stands
from processors.telling import Tell

log = structlog.get_logger(__name__)
STILL_S: Final = 60.0
"""The read models that serve stand still when they do not move so long, though they are behind."""


class Different(Refused):
    """The rebuilt read models are not what serves, or nobody can tell. They are kept."""


class Wishes(msgspec.Struct, frozen=True):
    """`swap`: let the rebuilt models serve. `accept_differences`: also when they are not the same."""

    swap: bool = True
    accept_differences: bool = False


async def tell_plan(parts: Parts, tell: Tell) -> None:
    """What `rebuild` would do. Changes nothing."""
    connection = await asyncpg.connect(parts.postgres_url, timeout=10)
    try:
        planned = await plan(connection)
        ends = await parts.log.ends(PARTITIONS)
        done = (await load_stands(connection, planned.target)).positions
        size = await connection.fetchval(
            "SELECT COALESCE(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'",
            planned.live,
        )
    finally:
        await connection.close()
    tell(
        {
            "state": "planned",
            "live": planned.live,
            "target": planned.target,
            "resumes": planned.rebuild_id is not None,
            "done": sum(done.values()),
            "total": sum(ends.values()),
            "bytes": size,
        }
    )


async def rebuild(parts: Parts, wishes: Wishes, tell: Tell) -> None:
    """Raises Refused, Different, LogUnavailable and asyncpg's errors; then the next call goes on where this ended."""
    await migrate_ops(parts.postgres_url)
    control = await asyncpg.connect(parts.postgres_url, timeout=10)
    try:
        if not await control.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            raise Refused("a rebuild is running already: GET /admin/rebuilds shows how far it is")
        identity = await identify(parts.kafka_url, tuple(topic.name for topic in READ_MODELS))
        await Rebuilding(parts.log, identity, parts.postgres_url, control, tell).run(wishes)
    finally:
        await control.close()


class Rebuilding:
    """`control` holds the lock, and is used by nobody else."""

    def __init__(self, log_: Log, identity: LogIdentity, url: str, control: Any, tell: Tell) -> None:
        self._log, self._identity, self._url, self._control, self._tell = log_, identity, url, control, tell

    async def run(self, wishes: Wishes) -> None:
        planned = await plan(self._control)
        rebuild_id = planned.rebuild_id or await rebuilds.begin(self._control, planned.target, 0)
        self._tell({"state": "begun", "live": planned.live, "target": planned.target,
                    "resumes": planned.rebuild_id is not None})  # fmt: skip
        await self._make(planned.target)
        progress = Progress(self._control, rebuild_id, self._tell)
        try:
            async with _beside(progress.keep_telling()):
                await self._build(planned, progress)
                progress.state = "comparing"
                problem = await self._compare(planned, progress)
                if problem is not None and not wishes.accept_differences:
                    raise Different(problem)
                if wishes.swap:
                    await self._catch_up(planned, progress, await self._aim(planned.live))
        except Refused as error:
            await rebuilds.fail(self._control, rebuild_id, str(error))
            raise
        await progress.now()
        if wishes.swap:
            await self._swap(planned, rebuild_id, problem)
        else:
            self._tell({"state": "built", "target": planned.target})

    async def _make(self, target: str) -> None:
        try:
            await migrate_read(self._url, target)
        except SchemaOutdated:  # begun by another version of this program
            await self._make_anew(target)

    async def _make_anew(self, target: str) -> None:
        async with self._asking() as connection:
            await connection.execute(f"DROP SCHEMA {target} CASCADE")
        await migrate_read(self._url, target)

    async def _build(self, planned: Plan, progress: Progress) -> None:
        until = await self._aim(planned.live)
        try:
            await self._catch_up(planned, progress, until)
        except RebuildNeeded as error:
            log.warning("what a rebuild had begun is of another log; beginning anew", why=str(error))
            await self._make_anew(planned.target)
            await self._catch_up(planned, progress, until)

    async def _aim(self, live: str) -> Mapping[TP, int]:
        """Where the models that serve stand, if they are of this log; else the log's end."""
        async with self._asking() as connection:
            stands = await load_stands(connection, live)
        if stands.are_of(self._identity):
            return dict.fromkeys(PARTITIONS, 0) | stands.positions
        return await self._log.ends(PARTITIONS)

    async def _catch_up(self, planned: Plan, progress: Progress, until: Mapping[TP, int]) -> None:
        """Fold up to `until`, and leave out what operators left out by then."""

        async def identity() -> LogIdentity:
            return self._identity

        progress.aim(until)
        await Projector(self._log, identity, self._url, planned.target).run_to(Goal(until, progress.moved))
        await skip_again(self._url, planned.target)

    async def _compare(self, planned: Plan, progress: Progress) -> str | None:
        """What speaks against a swap; None: nothing."""
        began, before = time.monotonic(), None
        while True:
            async with self._asking() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
                stands = await load_stands(connection, planned.live)
                if not stands.are_of(self._identity):
                    return f"nothing to compare with: {planned.live} is missing, or was built from another log"
                if not stands.behind(await self._stands(planned.target)):
                    return await self._compare_with(connection, stands, planned, progress)
            if stands != before:
                began, before = time.monotonic(), stands
            elif time.monotonic() - began > STILL_S:
                return f"{planned.live} stands still behind {planned.target}: is `processors` running?"
            await asyncio.sleep(0.2)

    async def _stands(self, schema: str) -> Stands:
        async with self._asking() as connection:
            return await load_stands(connection, schema)

    async def _compare_with(self, live: Any, stands: Stands, planned: Plan, progress: Progress) -> str | None:
        """`live` sees the models that serve as they were at `stands`, whatever is written meanwhile."""
        await self._catch_up(planned, progress, dict.fromkeys(PARTITIONS, 0) | stands.positions)
        async with self._asking() as connection:
            names = ", ".join(f"{planned.target}.{table}" for table in metadata.tables)
            await connection.execute(f"ANALYZE {names}")
            columns = shared(await columns_of(live, planned.live), await columns_of(connection, planned.target))
            found = compare(await look(live, planned.live, columns), await look(connection, planned.target, columns))
        self._tell({"state": "compared", "same": found.same, "unbalanced": found.unbalanced, "money": found.money,
                    "tables": [msgspec.structs.asdict(finding) for finding in found.findings]})  # fmt: skip
        return None if found.same else _differences(found)

    async def _swap(self, planned: Plan, rebuild_id: int, accepted: str | None) -> None:
        async with self._control.transaction():
            await swap_to(self._control, planned.target)
            await rebuilds.end(self._control, rebuild_id, "swapped", accepted)
        self._tell({"state": "swapped", "live": planned.target, "before": planned.live})

    @contextlib.asynccontextmanager
    async def _asking(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self._url, timeout=10)
        try:
            yield connection
        finally:
            await connection.close()


def _differences(found: Comparison) -> str:
    told = [f"{f.table} ({f.live_rows:,} rows served, {f.rows:,} rebuilt)" for f in found.findings if not f.same]
    if found.unbalanced:
        told.append(f"{found.unbalanced:,} accounts that do not balance")
    return "not the same: " + ", ".join(told)


@contextlib.asynccontextmanager
async def _beside(telling: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run it until the block ends. Its failure ends the block, and is raised: nobody listens any more, or the database
    is away."""
    me = asyncio.current_task()
    assert me is not None

    def ended(task: "asyncio.Task[None]") -> None:
        if _failure(task) is not None:
            me.cancel()

    task = asyncio.create_task(telling, name="rebuild tells")
    task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if (error := _failure(task)) is None:
            raise
        me.uncancel()
        raise error from None
    finally:
        task.remove_done_callback(ended)
        task.cancel()
        await asyncio.wait([task])


def _failure(task: "asyncio.Task[None]") -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None
