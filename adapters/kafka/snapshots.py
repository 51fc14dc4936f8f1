"""Snapshots of owners' folds in the object store (docs/decisions/0004): a place to start reading from, and no more.

One that is missing, damaged, of another version, cluster or topic, or that does not end with the record which stands
there in the log, is not used: then the fold begins with the one before, or at offset 0. An object is never changed: its
name tells the offset it reaches and its version, and the next one has another name.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog

from adapters.errors import DependencyDown
from adapters.kafka.cluster import LogIdentity
from adapters.kafka.fold import PartitionFold
from adapters.kafka.metrics import SNAPSHOT_BYTES, SNAPSHOT_TIME, SNAPSHOTS_FAILED, SNAPSHOTS_UNUSED
from adapters.kafka.port import Log, LogTruncated
from adapters.kafka.position import TP
from adapters.kafka.snapshot import Snapshot, Taken, Unusable, closed, opened, restored, version_of
from adapters.object_store.port import ObjectMissing, ObjectStore
from domain.decider import Decider

PREFIX: Final = "snapshots/"
KEPT: Final = 2
"""The one before is kept for the case that the latest cannot be read."""
MOST_BYTES: Final = 4 * 1024**3
LOAD_S: Final = 30.0
"""How long the store may take to tell what it has."""
log = structlog.get_logger(__name__)


class Snapshots:
    """`identify`: asks the broker which log this is. `every`: records between two snapshots of a partition."""

    def __init__(
        self, store: ObjectStore, log_: Log, identify: Callable[[], Awaitable[LogIdentity]], every: int
    ) -> None:
        self._store, self._log, self._identify = store, log_, identify
        self._identity: LogIdentity | None = None
        self.every = every

    async def load(self, tp: TP, decider: Decider[Any, Any], at_most: int | None = None) -> PartitionFold[Any] | None:
        """The latest fold that can be used, and reaches no further than `at_most`. None: begin at offset 0.

        Raises LogUnavailable.
        """
        version = version_of(decider)
        try:
            async with asyncio.timeout(LOAD_S):
                for key in reversed(await self._store.keys(_prefix(tp))):
                    offset, of_version = _named(key)
                    if at_most is not None and offset > at_most:
                        continue
                    try:
                        if of_version != version:
                            raise Unusable("version")
                        return await self._loaded(tp, decider, key)
                    except Unusable as why:
                        SNAPSHOTS_UNUSED.labels(tp[0], why.reason).inc()
                        log.warning("a snapshot is not used", key=key, why=why.reason)
        except (DependencyDown, ObjectMissing, TimeoutError) as error:  # missing: the bucket
            SNAPSHOTS_UNUSED.labels(tp[0], "store").inc()
            log.warning("snapshots cannot be read; reading the log from its beginning", at=tp, why=repr(error))
        return None

    async def save(self, taken: Taken) -> bool:
        """Write it and take away what it replaces. False: that failed; nothing is lost."""
        tp, taken_at = taken.tp, time.time()
        try:
            content = await asyncio.to_thread(closed, taken, await self._this_log())
            await self._store.put_bytes(_key(taken), content, "application/octet-stream")
            await self._prune(taken)
        except Exception as error:  # noqa: BLE001 - it runs beside its owner: nobody else would tell of a failure
            SNAPSHOTS_FAILED.labels(tp[0]).inc()
            log.warning("no snapshot was written", topic=tp[0], partition=tp[1], why=repr(error))
            return False
        _tell(tp, taken_at, len(content))
        log.info("snapshot", topic=tp[0], partition=tp[1], offset=taken.position.offset, bytes=len(content))
        return True

    async def _loaded(self, tp: TP, decider: Decider[Any, Any], key: str) -> PartitionFold[Any]:
        try:
            content = await self._store.get(key, MOST_BYTES)
        except (ObjectMissing, ValueError):  # the owner has just made a later one
            raise Unusable("missing") from None
        snapshot, kept = await asyncio.to_thread(opened, content)
        identity = await self._this_log()
        told = (snapshot.cluster_id, snapshot.topic_id, snapshot.topic, snapshot.partition)
        if told != (identity.cluster_id, identity.topic_ids[tp[0]], *tp):
            raise Unusable("foreign")
        await self._require_last_record(tp, snapshot)
        try:
            fold = await asyncio.to_thread(restored, snapshot, kept, decider)
        except msgspec.MsgspecError as error:
            raise Unusable("version") from error
        _tell(tp, snapshot.taken_at.timestamp(), len(content))
        return fold

    async def _require_last_record(self, tp: TP, snapshot: Snapshot) -> None:
        """Else the log was truncated, or restored from an older copy."""
        if (await self._log.ends([tp]))[tp] < snapshot.position.offset:
            raise Unusable("log")
        try:
            (record,) = await self._log.records_at(tp, [snapshot.position.offset - 1])
        except LogTruncated:
            raise Unusable("log") from None
        if record.by_name.get("ce_id") != snapshot.last_record.encode():
            raise Unusable("log")

    async def _prune(self, taken: Taken) -> None:
        """Keep this one, the one before it of this version, and all that reach further than the earlier of the two.

        Others' that reach further are of a release that is being replaced, of whoever took over, or of a longer log
        that was here before. Without two of this version nothing goes: what another release left is all it can go back
        to, and whoever took over may have taken this one away.
        """
        reached = taken.position.offset
        keys = await self._store.keys(_prefix(taken.tp))
        mine = [offset for offset, version in map(_named, keys) if version == taken.version and offset <= reached]
        oldest = mine[-KEPT] if len(mine) >= KEPT else 0
        for key in keys:
            if _named(key)[0] < oldest:
                await self._store.delete(key)

    async def _this_log(self) -> LogIdentity:
        if self._identity is None:
            self._identity = await self._identify()
        return self._identity


def _tell(tp: TP, taken_at: float, size: int) -> None:
    SNAPSHOT_TIME.labels(tp[0], str(tp[1])).set(taken_at)
    SNAPSHOT_BYTES.labels(tp[0], str(tp[1])).set(size)


def _prefix(tp: TP) -> str:
    return f"{PREFIX}{tp[0]}/{tp[1]}/"


def _key(taken: Taken) -> str:
    return f"{_prefix(taken.tp)}{taken.position.offset:020d}-{taken.version}"


def _named(key: str) -> tuple[int, str]:
    """Offset and version in a snapshot's name; (0, "") for a foreign object's."""
    offset, _, version = key.rpartition("/")[2].partition("-")
    return (int(offset), version) if offset.isdigit() else (0, "")
