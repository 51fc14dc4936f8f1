"""Which events an analyst wants."""

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from adapters.kafka import topics
from adapters.kafka.analysis.told import ACCOUNT_KEYED, ReadEvent
from adapters.kafka.position import TP
from domain.ids import partition_in
from domain.registry import EVENTS

TRUTH: Final = tuple(topic.name for topic in topics.ALL if topic.retention_ms == -1)
"""Topics that are kept for ever; the others tell of the last day or week."""
_TOPICS: Final = {topic.name: topic for topic in topics.ALL}


class Selection(msgspec.Struct, frozen=True, omit_defaults=True):
    """All conditions hold at once; those that are left out hold for everything.

    Raises ValueError, worded for people, for a topic, type or task that cannot be.
    """

    topics: tuple[str, ...] = TRUTH
    types: tuple[str, ...] = ()
    """Wire names, with `*` and `?` as in file names; without `lathe.` in front they mean the same."""
    since: datetime | None = None
    """Decided then or later."""
    until: datetime | None = None
    """Decided before."""
    account: str | None = None
    """Account id. Of `lathe.identity` only the registration names it; the rest is keyed by user id."""
    task: str | None = None
    """Task id; the batch that requested it belongs to it too."""

    def __post_init__(self) -> None:
        for topic in self.topics:
            if topic not in _TOPICS:
                raise ValueError(f"There is no topic {topic!r}. There are: {', '.join(_TOPICS)}.")
        for pattern in self.types:
            if not any(_matches(name, pattern) for name in EVENTS):
                raise ValueError(f"No event type matches {pattern!r}. For example: lathe.task.*, *.completed.v1.")
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"Nothing lies between {self.since.isoformat()} and {self.until.isoformat()}.")
        if self.task is not None:
            try:
                inside = partition_in(self.task) < topics.ACCOUNT_PARTITIONS
            except ValueError:
                inside = False
            if not inside:
                raise ValueError(f"{self.task!r} is not a task's id.")

    def partitions(self) -> list[TP]:
        """What must be read for it: an account or a task lies in one partition of each topic keyed by accounts."""
        only = None
        if self.account is not None:
            only = topics.account_partition(self.account)
        elif self.task is not None:
            only = partition_in(self.task)
        return [
            (name, partition)
            for name in dict.fromkeys(self.topics)
            for partition in range(_TOPICS[name].partitions)
            if only is None or name not in ACCOUNT_KEYED or partition == only
        ]

    def takes(self, read: ReadEvent) -> bool:
        if self.types and not any(_matches(read.type, pattern) for pattern in self.types):
            return False
        if self.since is not None and read.time < self.since:
            return False
        if self.until is not None and read.time >= self.until:
            return False
        if self.account is not None and read.account_id != self.account:
            return False
        return self.task is None or self.task in read.task_ids()


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"lathe.{pattern}")
