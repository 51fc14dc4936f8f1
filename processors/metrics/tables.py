"""The two tables: open tasks with the read rule's positions, and usage in windows of a minute.

Faust keeps one dictionary for all partitions of a table, and one changelog partition for each partition of the source.
So every key names its partition: otherwise, what one partition's changelog restored would overwrite another's share.
Windows are dropped here, by the stream: Faust's own expiry remembers every single write until its window expires.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any, Final

import faust

from adapters.kafka.position import Position
from processors.metrics.usage import OpenTask, Window, added, empty

MINUTE_S: Final = 60.0
KEPT_S: Final = 24 * 3600.0
STATE: Final = "state"
USAGE: Final = "usage"
TABLES: Final = (STATE, USAGE)
_POSITION: Final = "position"


class Tables:
    """Made once for the app, before it starts. Writes are allowed within the stream only."""

    def __init__(self, app: faust.App, partitions: int) -> None:
        self._state: Any = app.Table(STATE, partitions=partitions, help="open tasks, and how far the log was read")
        usage: Any = app.Table(USAGE, default=empty, partitions=partitions, help="usage by model and minute")
        self._windowed: Any = usage.tumbling(MINUTE_S).relative_to_stream()
        self._usage: Any = usage

    def position(self, partition: int) -> Position:
        """Up to where the tables hold the source's partition."""
        stored = self._state.get(f"{partition}/{_POSITION}")
        return Position() if stored is None else Position(*stored)

    def advance(self, partition: int, position: Position) -> None:
        p = position
        self._state[f"{partition}/{_POSITION}"] = [p.offset, p.epoch, p.nonce, p.seq]

    def tasks(self, partition: int) -> MutableMapping[str, OpenTask]:
        """Open tasks of the accounts in one partition."""
        return _Prefixed(self._state, f"{partition}/")

    def add(self, partition: int, model: str, amounts: Window) -> None:
        """Count in the window of the event that is being processed."""
        self._windowed[f"{partition}/{model}"].apply(added, amounts)

    def windows(self, since: float) -> Iterator[tuple[str, float, Window]]:
        """(model, begin, amounts) of each partition's windows that begin at `since` (seconds since 1970) or later."""
        for (key, (begin, _)), amounts in list(self._usage.data.items()):
            if begin >= since:
                yield key.partition("/")[2], float(begin), amounts

    def drop(self, partition: int, before: float) -> int:
        """Forget a partition's windows that began before; how many there were."""
        old = [
            (key, window)
            for key, window in list(self._usage.data)
            if window[0] < before and key.partition("/")[0] == str(partition)
        ]
        for key in old:
            del self._usage[key]
        return len(old)


class _Prefixed(MutableMapping[str, OpenTask]):
    """The part of a table whose keys begin with `prefix`."""

    def __init__(self, table: Any, prefix: str) -> None:
        self._table, self._prefix = table, prefix

    def __getitem__(self, key: str) -> OpenTask:
        found: OpenTask | None = self._table.get(self._prefix + key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: str, value: OpenTask) -> None:
        self._table[self._prefix + key] = value

    def __delitem__(self, key: str) -> None:
        del self._table[self._prefix + key]

    def __iter__(self) -> Iterator[str]:
        return (key.removeprefix(self._prefix) for key in list(self._table) if key.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)
