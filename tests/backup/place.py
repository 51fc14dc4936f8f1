"""An installation without processes: a log in memory, a database of its own, objects in memory."""

from functools import partial
from typing import Any

import asyncpg

from adapters.kafka import topics
from adapters.kafka.cluster import LogIdentity
from adapters.kafka.memory import MemoryLog
from adapters.object_store.memory import MemoryStore
from processors.verify.shelf import Shelf
from processors.verify.tables import erased
from processors.verify.verifying import Report, Verification

TRUTH = (topics.IDENTITY, topics.CATALOG, topics.ACCOUNTS, topics.ASSIGNMENTS, topics.RUNS)
FINGERPRINT = b"f" * 32


def identity_of(cluster: str = "cluster-1") -> LogIdentity:
    return LogIdentity(cluster, {topic.name: f"id of {topic.name}" for topic in TRUTH})


class Place:
    """`told` are the lines of the last backup or restore."""

    def __init__(self, log: Any, url: str) -> None:
        self.log, self.url, self.store = log, url, MemoryStore()
        self.told: list[dict[str, Any]] = []

    async def execute(self, statement: str, *values: Any) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def keys_for(self, *accounts: str) -> None:
        """What the services make: the fingerprint of the master key, and accounts' keys."""
        await self.execute("INSERT INTO ops.master_fingerprint VALUES (1, $1) ON CONFLICT DO NOTHING", FINGERPRINT)
        for account in accounts:
            await self.execute("INSERT INTO ops.account_keys VALUES ($1, $2) ON CONFLICT DO NOTHING", account, b"key")

    async def verified(self) -> Report:
        erased_now = partial(erased, self.url)
        with Shelf() as shelf:
            return await Verification(self.log, shelf, None, self.store, "hash", lambda _: None, erased_now).run()

    def records(self) -> dict[Any, list[Any]]:
        """What stands in the log, however its headers are kept."""
        log: MemoryLog = self.log
        return {tp: [(r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
                for tp, records in log.partitions.items() if records}  # fmt: skip
