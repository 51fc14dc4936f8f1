"""Where the log is cut, so that no record is kept without what it follows from.

Ends are asked for in an order: runs, assignments, accounts, then users and models. A record of `lathe.accounts` that
follows from a run behind the cut of `lathe.runs` came after that cut was made, so its partition ends before it; and
`lathe.assignments` ends before the first assignment whose request is then behind the cut of `lathe.accounts`. What is
kept follows from nothing that is left out: a run before its cut was assigned before it, and that before the moment from
which anything is left out.
"""

from collections.abc import Mapping
from typing import Final

from adapters.kafka import topics
from adapters.kafka.follower import Entry
from adapters.kafka.port import Log
from adapters.kafka.position import TP
from domain.scheduling.events import RunAssigned

ENDS: Final = (topics.RUNS, topics.ASSIGNMENTS, topics.ACCOUNTS, topics.IDENTITY, topics.CATALOG)
"""In the order in which they are asked."""
COPIED: Final = (topics.RUNS, topics.ACCOUNTS, topics.ASSIGNMENTS, topics.IDENTITY, topics.CATALOG)
"""In the order in which they are copied: a cut is known before what depends on it."""


def partitions(topic: topics.Topic) -> list[TP]:
    return [(topic.name, number) for number in range(topic.partitions)]


async def ends_of(log: Log) -> dict[TP, int]:
    """Raises LogUnavailable."""
    ends: dict[TP, int] = {}
    for topic in ENDS:
        ends |= await log.ends(partitions(topic))
    return ends


def belongs(entry: Entry, cuts: Mapping[TP, int]) -> bool:
    """Whether a record is kept, where those before it are: its partition is cut before it otherwise."""
    if not isinstance(entry.decoded, tuple):
        return True
    topic, event = entry.record.topic, entry.decoded[1]
    if topic == topics.ACCOUNTS.name:
        source: int | None = getattr(event, "source_offset", None)
        return source is None or source < cuts[topics.RUNS.name, entry.record.partition]
    if topic == topics.ASSIGNMENTS.name and isinstance(event, RunAssigned):
        return event.offset < cuts.get((topics.ACCOUNTS.name, event.partition), 0)
    return True
