"""What the rest of Lathe needs of a log. Two adapters: `kafka_log.py` (the real one) and `memory.py` (for tests)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from adapters.kafka.position import TP
from adapters.kafka.record import Record


class LogUnavailable(Exception):
    """The broker did not answer. Nothing is known, nothing was decided."""


class AppendFailed(Exception):
    """An append whose outcome is open: it may stand in the log, now or later. No broker error means "not applied"."""


class LogTruncated(Exception):
    """The log no longer holds an offset that was read before, or never held it: a rebuild is needed."""


class NewRecord(msgspec.Struct, frozen=True):
    """A record to be appended."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    timestamp: int

    def size(self) -> int:
        """Upper estimate of its bytes in a batch."""
        return 64 + len(self.key) + len(self.value) + sum(len(n) + len(v) + 10 for n, v in self.headers)


class Reader(Protocol):
    """Reads partitions in offset order from where it was started."""

    async def poll(self, timeout_ms: int, max_records: int) -> list[Record]:
        """Up to `max_records` next records; [] when none came in time. Raises LogTruncated, LogUnavailable."""
        ...

    async def close(self) -> None: ...


class Appender(Protocol):
    """An idempotent producer. One serves all partitions of a process; after a failure it is discarded whole."""

    async def append(self, tp: TP, records: Sequence[NewRecord]) -> int:
        """Append as one batch, acks=all. Returns the base offset; raises AppendFailed (outcome open)."""
        ...

    async def discard(self) -> None:
        """Close without flushing."""
        ...


class Log(Protocol):
    async def reader(self, start: Mapping[TP, int]) -> Reader: ...

    async def appender(self) -> Appender: ...

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        """The end offsets (high watermarks) now, asked of the broker. Raises LogUnavailable."""
        ...

    async def beginnings(self, tps: Iterable[TP]) -> dict[TP, int]:
        """The first offsets still kept. Raises LogUnavailable."""
        ...

    async def offsets_at(self, tps: Iterable[TP], unix_ms: int) -> dict[TP, int]:
        """The first offset of each whose record's time is `unix_ms` or later; the end where there is none yet.

        Raises LogUnavailable.
        """
        ...

    async def records_at(self, tp: TP, offsets: Sequence[int]) -> list[Record]:
        """The records at these offsets, which were read before, in order. Raises LogTruncated, LogUnavailable."""
        ...

    async def close(self) -> None: ...
