"""One partition by its headers: no offset is missing, owners follow one another, streams are numbered without holes.

Void records break nothing: an owner that was superseded may write on for a moment, and a repeat may land twice. A hole
does: an owner sends its next batch only after the last one's ack, so whatever stands behind a hole was acknowledged.
"""

from collections.abc import Iterator

from adapters.kafka import topics
from adapters.kafka.follower import Entry
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import CLAIM_TYPE
from domain.ids import partition_of

_TOPICS = {topic.name: topic for topic in topics.ALL}
_BY_KEY = frozenset((topics.ACCOUNTS.name, topics.RUNS.name))
"""Topics whose partition is that of the key."""
Broke = tuple[str, str]
"""(invariant, detail)."""


class PartitionRules:
    """Takes the entries of a partition from its first on. `void` counts those that do not count."""

    def __init__(self, tp: TP) -> None:
        topic = _TOPICS[tp[0]]
        self._tp, self._owned, self._keyed, self._count = tp, topic.owned, tp[0] in _BY_KEY, topic.partitions
        self._next = 0
        self._before = Position()
        self._versions: dict[bytes, int] = {}
        self.void = self.foreign = 0
        self.claims: dict[int, tuple[int, str]] = {}
        """Offset → (epoch, nonce) of each valid claim."""

    def take(self, entry: Entry) -> Iterator[Broke]:
        """What this record breaks."""
        record, before = entry.record, self._before
        if record.offset != self._next:
            missing = record.offset - self._next
            yield "offsets", f"{missing:,} records before it are missing, from offset {self._next} on"
        self._next, self._before = record.offset + 1, entry.after
        if self._owned and entry.kind == "void":
            yield from self._void(entry, before)
        elif entry.kind == "claim":
            self.claims[record.offset] = (entry.after.epoch, entry.after.nonce)
        else:
            yield from self._event(entry)

    def _void(self, entry: Entry, before: Position) -> Iterator[Broke]:
        self.void += 1
        headers = entry.record.by_name
        epoch, seq = _number(headers.get("ce_ownerepoch")), _number(headers.get("ce_ownerseq"))
        if epoch is None or seq is None:
            self.foreign += 1
            return
        claim = headers.get("ce_type") == CLAIM_TYPE
        if epoch > before.epoch + claim:
            yield "owner-epochs", f"it is of epoch {epoch}, but epoch {before.epoch} is in force"
        elif not claim and epoch == before.epoch and seq > before.seq + 1:
            yield "owner-sequence", f"it is event {seq} of epoch {epoch}, but {before.seq} is the last one before it"

    def _event(self, entry: Entry) -> Iterator[Broke]:
        record = entry.record
        if self._keyed and record.key is not None:
            wanted = partition_of(record.key.decode(errors="replace"), self._count)
            if wanted != self._tp[1]:
                yield "partition", f"its key belongs to partition {wanted}"
        if not self._owned:
            return
        key = record.key or b""
        last = self._versions.get(key, 0)
        version = _number(record.by_name.get("ce_streamversion"))
        self._versions[key] = last + 1 if version is None else version
        if version != last + 1:
            told = "no stream version" if version is None else f"stream version {version}"
            yield "stream-versions", f"it has {told}, but {last + 1} is next in its stream"


def _number(value: bytes | None) -> int | None:
    return int(value) if value is not None and value.isdigit() and len(value) <= 18 else None
