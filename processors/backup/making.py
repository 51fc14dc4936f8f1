"""Making a backup, or bringing one up to date: of the log and of the objects only what is new is copied."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.follower import Follower
from adapters.kafka.port import Log
from adapters.kafka.position import TP, Position
from adapters.object_store.port import ObjectStore
from adapters.postgres.ops_models import SCHEMA
from processors.backup import cut, manifest, objects, tables
from processors.backup.manifest import BadBackup, Manifest, Partition, Segment
from processors.backup.segments import SegmentWriter
from processors.telling import Tell

POLL_MS: Final = 1000
CHUNK: Final = 2000
EVERY_S: Final = 0.5


class Making:
    """`folder` is used by nobody else meanwhile."""

    def __init__(
        self, log: Log, identity: LogIdentity, postgres_url: str, store: ObjectStore, folder: Path, tell: Tell
    ):
        self._log, self._identity, self._url, self._store = log, identity, postgres_url, store
        self._folder, self._tell = folder, tell
        self._said = 0.0
        self._cuts: dict[TP, int] = {}

    async def run(self) -> Manifest:
        """Raises BadBackup, LogUnavailable, LogTruncated, DependencyDown, OSError and asyncpg's errors; what was there
        before is a backup still, without the objects of who was erased since."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = manifest.load(self._folder)
        self._require_same_log(before)
        manifest.sweep(self._folder, before)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        connection = await asyncpg.connect(self._url, timeout=10)
        try:
            place = f"ops/{stamp}"
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                revision = await tables.revision_of(connection)
                fingerprint = await connection.fetchval("SELECT fingerprint FROM ops.master_fingerprint")
                copied = [await tables.copy_table(connection, n, self._folder, place) for n in tables.TABLES]
                erased = await _accounts(connection, "erasures")
            self._tell({"state": "ops", "done": len(copied), "total": len(copied)})
            partitions = await self._copy_log(before, stamp)
            # Keys of accounts whose first event is before the cut, and was not yet when the tables were copied.
            keys = await tables.copy_table(connection, tables.KEYS, self._folder, place)
            copied = [keys if table.name == tables.KEYS else table for table in copied]
            alive = await _accounts(connection, tables.KEYS)
        finally:
            await connection.close()
        count, size = await objects.fetch_all(self._store, self._folder, lambda a: a not in alive, self._moved_objects)
        connection = await asyncpg.connect(self._url, timeout=10)
        try:  # after the objects: those of an account on this list may be gone
            copied.append(await tables.copy_erasures_since(connection, erased, self._folder, place))
        finally:
            await connection.close()
        made = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            cluster_id=self._identity.cluster_id,
            topic_ids=self._identity.topic_ids,
            master_fingerprint=None if fingerprint is None else bytes(fingerprint).hex(),
            ops_revision=revision,
            partitions=tuple(partitions),
            tables=tuple(copied),
            objects=count,
            object_bytes=size,
        )
        manifest.save(self._folder, made)
        manifest.sweep(self._folder, made)
        return made

    def _require_same_log(self, before: Manifest | None) -> None:
        if before is not None and (before.cluster_id, before.topic_ids) != (
            self._identity.cluster_id,
            self._identity.topic_ids,
        ):
            raise BadBackup(f"{self._folder} is the backup of another installation. Name another folder.")

    async def _copy_log(self, before: Manifest | None, stamp: str) -> list[Partition]:
        ends = await cut.ends_of(self._log)
        kept = {} if before is None else {partition.tp: partition for partition in before.partitions}
        total = sum(end - (kept[tp].end.offset if tp in kept else 0) for tp, end in ends.items())
        done, found = 0, []
        for topic in cut.COPIED:
            for tp in cut.partitions(topic):
                old = kept.get(tp, Partition(*tp, Position()))
                segment, after = await self._copy(old, ends[tp], stamp, done, total)
                done += after.offset - old.end.offset
                segments = old.segments if segment is None else (*old.segments, segment)
                found.append(Partition(*tp, after, segments))
                self._cuts[tp] = after.offset
        return found

    async def _copy(
        self, old: Partition, end: int, stamp: str, done: int, total: int
    ) -> tuple[Segment | None, Position]:
        """The records after those that are kept already, up to the cut."""
        tp, start = old.tp, old.end
        if end <= start.offset:
            return None, start
        follower = Follower(self._log, {tp: start})
        await follower.start()
        after = start
        try:
            name = f"log/{tp[0]}/{tp[1]}/{start.offset:012d}-{stamp}.z"
            with SegmentWriter(self._folder, name, start.offset) as segment:
                while after.offset < end:
                    if not (entries := await follower.poll(POLL_MS, CHUNK)):
                        await self._log.ends([tp])  # a broker that is gone only seems silent
                    for entry in entries:
                        if entry.record.offset >= end or not cut.belongs(entry, self._cuts):
                            end = after.offset
                            break
                        if entry.record.offset != after.offset:
                            raise BadBackup(f"{tp[0]}:{tp[1]} has no record at {after.offset}: see `lathe ops verify`.")
                        segment.add(entry.record)
                        after = entry.after
                    self._moved("log", done + after.offset - start.offset, total)
                return segment.end() if segment.records else None, after
        finally:
            await follower.stop()

    def _moved_objects(self, done: int, total: int) -> None:
        self._moved("objects", done, total)

    def _moved(self, state: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said >= EVERY_S or done == total:
            self._said = now
            self._tell({"state": state, "done": done, "total": total})


async def _accounts(connection: Any, table: str) -> set[str]:
    return {row["account_id"] for row in await connection.fetch(f"SELECT account_id FROM {SCHEMA}.{table}")}  # noqa: S608
