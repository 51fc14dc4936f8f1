"""The topics of Lathe: the one place that names them, their partitions, and who keeps what for how long."""

from typing import Final

import msgspec

from domain.ids import partition_of

DAY_MS: Final = 24 * 3600 * 1000
ACCOUNT_PARTITIONS: Final = 12
"""lathe.accounts, lathe.runs and lathe.progress are co-partitioned; fixed for the life of a cluster."""


class Topic(msgspec.Struct, frozen=True):
    name: str
    partitions: int
    retention_ms: int = -1
    owned: bool = False
    """Decided under the ownership protocol: readers apply the read rule."""


IDENTITY: Final = Topic("lathe.identity", 1, owned=True)
CATALOG: Final = Topic("lathe.catalog", 1, owned=True)
ACCOUNTS: Final = Topic("lathe.accounts", ACCOUNT_PARTITIONS, owned=True)
ASSIGNMENTS: Final = Topic("lathe.assignments", 1, owned=True)
RUNS: Final = Topic("lathe.runs", ACCOUNT_PARTITIONS)
PROGRESS: Final = Topic("lathe.progress", ACCOUNT_PARTITIONS, 7 * DAY_MS)
WORKERS: Final = Topic("lathe.workers", 1, DAY_MS)
OWNERS: Final = Topic("lathe.owners", 1, DAY_MS)

ALL: Final = (IDENTITY, CATALOG, ACCOUNTS, ASSIGNMENTS, RUNS, PROGRESS, WORKERS, OWNERS)

PUBLISHED: Final = tuple(topic for topic in ALL if topic.retention_ms == -1)
"""Truth topics: what the publisher copies for readers who cannot apply the read rule."""
PUBLIC_POSITIONS: Final = "lathe.public.positions"
"""Where the publisher stands in each of them; compacted, one partition. Made by the publisher, as the copies are."""


def public_name(topic: str) -> str:
    """The copy of a truth topic for foreign readers: as many partitions, the same keys."""
    return f"lathe.public.{topic.removeprefix('lathe.')}"


def account_partition(account_id: str) -> int:
    """The partition of an account's events, runs and progress."""
    return partition_of(account_id, ACCOUNT_PARTITIONS)
