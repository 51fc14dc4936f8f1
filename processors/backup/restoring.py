"""Putting a backup into an installation that is empty: every record gets the offset that it had."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final

import asyncpg

from adapters.kafka.port import Appender, Log, NewRecord
from adapters.object_store.port import ObjectStore
from adapters.postgres.ops_migrate import migrate_ops
from processors.backup import manifest, objects, tables
from processors.backup.cut import COPIED, partitions
from processors.backup.manifest import BadBackup, Manifest, Partition, check
from processors.backup.segments import Stored, read_segment
from processors.telling import AWAY, Tell

MOST_BYTES: Final = 500_000
MOST_RECORDS: Final = 1_000
"""Of one append."""
EMPTY_IT: Final = (
    "What it has put there must go before it is run again: kafka/ and postgres/ in LATHE_HOME; of parts of your own, "
    "the topics lathe.* (`python -m cli.stack.topics` makes them anew) and the schema ops (DROP SCHEMA ops CASCADE). "
    "Objects may stay."
)


class NotEmpty(Exception):
    """Something is there already. The message is for people."""


class Unfinished(Exception):
    """Something did not answer when `ops` was filled already: what is there is no installation, and not empty. The
    message is for people."""


class Restoring:
    """Nobody else writes to the installation meanwhile."""

    def __init__(self, log: Log, postgres_url: str, store: ObjectStore, folder: Path, tell: Tell) -> None:
        self._log, self._url, self._store, self._folder, self._tell = log, postgres_url, store, folder, tell

    async def run(self, fingerprint: bytes) -> Manifest:
        """`fingerprint`: of the master key that the services will have. Raises BadBackup, NotEmpty, Unfinished, and
        what making a backup raises: then it may be run again."""
        found = self._load()
        if found.master_fingerprint is not None and found.master_fingerprint != fingerprint.hex():
            raise BadBackup(
                f"The backup belongs to another master key (fingerprint {found.master_fingerprint[:8]}…, not "
                f"{fingerprint.hex()[:8]}…). Give that one: LATHE_MASTER_KEY, or master.key in LATHE_HOME."
            )
        for partition in found.partitions:
            for segment in partition.segments:
                check(self._folder, segment.file, segment.sha256)
        await self._require_empty()
        await self.put_objects()
        await self._fill_tables(found)
        try:
            await self._append_log(found)
        except AWAY as error:
            raise Unfinished(f"It broke off: {error or type(error).__name__}. {EMPTY_IT}") from error
        return found

    async def put_objects(self) -> int:
        """Only what the store does not have. Before the log: what events name is there first."""
        return await objects.put_all(self._store, self._folder, lambda done, total: self._moved("objects", done, total))

    def _load(self) -> Manifest:
        found = manifest.load(self._folder)
        if found is None:
            raise BadBackup(f"{self._folder} holds no finished backup: there is no {manifest.NAME}.")
        return found

    async def _require_empty(self) -> None:
        ends = await self._log.ends([tp for topic in COPIED for tp in partitions(topic)])
        if any(ends.values()):
            written = ", ".join(f"{topic}:{number}" for (topic, number), end in sorted(ends.items()) if end)
            raise NotEmpty(f"The log is not empty ({written}). Restore into an empty LATHE_HOME, or a new cluster.")
        await migrate_ops(self._url)
        connection = await asyncpg.connect(self._url, timeout=10)
        try:
            if not await tables.is_empty(connection):
                raise NotEmpty("The schema ops holds data already. Restore into an empty database.")
        finally:
            await connection.close()

    async def _fill_tables(self, found: Manifest) -> None:
        connection = await asyncpg.connect(self._url, timeout=10)
        try:
            async with connection.transaction():
                await connection.execute("TRUNCATE ops.audit")
                for done, table in enumerate(found.tables, start=1):
                    await tables.fill_table(connection, table, self._folder)
                    self._moved("ops", done, len(found.tables))
                await tables.require_cursors_within(connection, {p.tp: p.end for p in found.partitions})
        finally:
            await connection.close()

    async def _append_log(self, found: Manifest) -> None:
        appender, done, total = await self._log.appender(), 0, found.records
        try:
            for partition in found.partitions:
                async for offset in self._append(appender, partition):
                    self._moved("log", done + offset, total)
                done += partition.end.offset
        finally:
            await appender.discard()

    async def _append(self, appender: Appender, partition: Partition) -> AsyncIterator[int]:
        """Yields where it is after each append. Raises BadBackup, AppendFailed."""
        offset = 0
        for segment in partition.segments:
            if segment.first != offset:
                raise BadBackup(f"{partition.topic}:{partition.number} has no records from {offset} on.")
            for batch in _batches(read_segment(self._folder / segment.file)):
                base = await appender.append(partition.tp, batch)
                if base != offset:
                    where = f"{partition.topic}:{partition.number}@{base}"
                    raise NotEmpty(f"Somebody else writes to {where}. Begin again with an empty installation.")
                offset += len(batch)
                yield offset
        if offset != partition.end.offset:
            raise BadBackup(f"{partition.topic}:{partition.number} has {offset} records of {partition.end.offset}.")

    def _moved(self, state: str, done: int, total: int) -> None:
        self._tell({"state": state, "done": done, "total": total})


def _batches(records: Iterable[Stored]) -> Iterable[list[NewRecord]]:
    batch: list[NewRecord] = []
    size = 0
    for timestamp, key, value, headers in records:
        bare_key: Any = key  # None where a record has no key: it stays as it was, however odd; so does a value
        bare_value: Any = value
        record = NewRecord(bare_key, bare_value, headers, timestamp)
        needed = 64 + len(key or b"") + len(value or b"") + sum(len(n) + len(v or b"") + 10 for n, v in headers)
        if batch and (size + needed > MOST_BYTES or len(batch) >= MOST_RECORDS):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += needed
    if batch:
        yield batch
