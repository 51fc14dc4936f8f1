"""Records of the log folded into rows in memory: events gathered per read model, poison set aside."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from adapters.kafka.follower import Entry
from adapters.kafka.position import TP
from adapters.kafka.record import Undecodable
from processors.projections.parking import Parked, Stream, stream_of
from processors.projections.port import Fact, Rows, Unfoldable
from processors.projections.registry import READ_MODELS

MAKERS: Final[Mapping[str, Sequence[Callable[[], Rows]]]] = {t.name: makers for t, makers in READ_MODELS.items()}


class Batch:
    """`rows` to be written and `parked` records to be kept, of the entries in `entries`. It may grow, by `add`."""

    def __init__(self, entries: Sequence[Entry], parked_streams: set[Stream], poison: Mapping[int, str]) -> None:
        """`poison`: index of an entry → why it is known to be unfoldable."""
        self.began_ns = 0
        """When its first entries came, ns since 1970."""
        self.entries: list[Entry] = []
        self.last: dict[TP, Entry] = {}
        """The last entry of each partition."""
        self.rows: dict[str, list[Rows]] = {}
        self.parked: list[Parked] = []
        self.blocked = set(parked_streams)
        """The streams that stand still behind this batch: those that were parked before, and those it parks."""
        self.assumed = frozenset(parked_streams)
        """The streams that were taken for parked when it was begun."""
        self._poison = dict(poison)
        self._folds: dict[tuple[str, type[msgspec.Struct]], list[Callable[[Fact], None]]] = {}
        self.add(entries)

    def add(self, entries: Sequence[Entry]) -> None:
        """Fold more entries, which follow those that are there."""
        begin = len(self.entries)
        if begin == 0:
            self.began_ns = time.time_ns()
        self.entries += entries
        for entry in entries:
            self.last[entry.record.topic, entry.record.partition] = entry
        while (found := self._fold(begin)) is not None:
            self._poison[found[0]] = found[1]
            begin = 0

    def _fold(self, begin: int) -> tuple[int, str] | None:
        """Fold the entries from `begin` on; 0: all of them anew, without the rows of an unfinished fold.

        At the first unfoldable one, say which it is, and why: the rows are worth nothing then.
        """
        if begin == 0:
            self.rows, self.parked, self.blocked = {}, [], set(self.assumed)
            self._folds.clear()
        for i in range(begin, len(self.entries)):
            entry = self.entries[i]
            if entry.kind != "event":
                continue
            why = self._poison.get(i)
            if why is None and not self.blocked and not isinstance(entry.decoded, Undecodable):
                if (why := self._take(entry)) is not None:
                    return i, why
                continue
            stream = stream_of(entry.record)
            if stream in self.blocked:
                self.parked.append(Parked(entry, "its stream was parked before it", poison=False))
            elif why is not None or isinstance(entry.decoded, Undecodable):
                self.parked.append(Parked(entry, why or _why(entry), poison=True))
                self.blocked.add(stream)
            elif (why := self._take(entry)) is not None:
                return i, why
        return None

    def _take(self, entry: Entry) -> str | None:
        """Fold one event into its topic's read models; why not, if it cannot be folded."""
        assert entry.decoded is not None
        assert not isinstance(entry.decoded, Undecodable)
        envelope, event = entry.decoded
        try:
            assert entry.record.key is not None, "what decodes has a key"
            fact = Fact(entry.record.key.decode(), envelope, event)
            for fold in self._folds_of(entry.record.topic, type(event)):
                fold(fact)
        except Unfoldable as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a poison record must never stop the partition
            return f"{type(error).__name__}: {error}"
        return None

    def _folds_of(self, topic: str, event: type[msgspec.Struct]) -> list[Callable[[Fact], None]]:
        """Where the topic's read models take such an event; rows are made for the first one."""
        folds = self._folds.get((topic, event))
        if folds is None:
            if topic not in self.rows:
                self.rows[topic] = [make() for make in MAKERS[topic]]
            folds = [rows.fold for rows in self.rows[topic] if rows.takes is None or event in rows.takes]
            self._folds[topic, event] = folds
        return folds


def _why(entry: Entry) -> str:
    return entry.decoded.why if isinstance(entry.decoded, Undecodable) else "it was not decoded"
