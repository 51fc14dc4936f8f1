"""One snapshot of an owner's fold, and its form in bytes (docs/decisions/0004).

A magic number, the SHA-256 of the rest, the length of the `Snapshot` (4 bytes, little-endian), the `Snapshot` and the
`Kept`, both in MessagePack. What is large is not encoded twice: it is made in the owner's pause.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar

import msgspec

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.fold import PartitionFold
from adapters.kafka.position import TP, Position
from adapters.kafka.recent import Recent
from domain.decider import Decider
from domain.registry import EVENTS

State = TypeVar("State")
MAGIC: Final = b"lathe\x00s2"
_DIGEST: Final = 32
_LENGTH: Final = 4


class Kept(msgspec.Struct, Generic[State]):
    """What a fold holds besides its position."""

    state: State
    versions: dict[str, int]
    recent: Recent


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A fold at one moment; what happens to it afterwards does not change this."""

    tp: TP
    version: str
    position: Position
    last_record: str
    """`ce_id` of the record before `position`."""
    kept: bytes
    """A `Kept` in MessagePack."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What is written: a fold, and of which log it is one."""

    cluster_id: str
    topic_id: str
    topic: str
    partition: int
    version: str
    position: Position
    last_record: str
    taken_at: datetime


class Unusable(Exception):
    """Why a snapshot is not used: `reason` is `damaged`, `missing`, `foreign`, `version` or `log`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def version_of(decider: Decider[Any, Any]) -> str:
    """Of what a fold makes: the state's shape, the events that are known, and the decider's own number of its fold."""
    parts = (str(decider.fold), shape_of(type(decider.initial())), *sorted(EVENTS))
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def shape_of(state: type[msgspec.Struct]) -> str:
    """A hash of the fields and types of a state, and of what a fold keeps beside it. Texts about them do not count."""
    shapes = [_bare(msgspec.json.schema(each)) for each in (state, Recent)]
    return sha256(msgspec.json.encode(shapes)).hexdigest()


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: _bare(value)
            for name, value in schema.items()
            if not (name == "description" and isinstance(value, str))
        }
    return [_bare(value) for value in schema] if isinstance(schema, list) else schema


def take(fold: PartitionFold[Any], position: Position, last_record: str) -> Taken:
    """The fold as it is now. `position` is where it stands; everything before it is acknowledged."""
    return Taken(
        tp=fold.tp,
        version=version_of(fold.decider),
        position=position,
        last_record=last_record,
        kept=msgspec.msgpack.encode(Kept(fold.state, fold.versions, fold.recent)),
    )


def closed(taken: Taken, identity: LogIdentity) -> bytes:
    """The bytes of a snapshot of this log."""
    snapshot = Snapshot(
        cluster_id=identity.cluster_id,
        topic_id=identity.topic_ids[taken.tp[0]],
        topic=taken.tp[0],
        partition=taken.tp[1],
        version=taken.version,
        position=taken.position,
        last_record=taken.last_record,
        taken_at=datetime.now(UTC),
    )
    header = msgspec.msgpack.encode(snapshot)
    length = len(header).to_bytes(_LENGTH, "little")
    digest = sha256(length + header)
    digest.update(taken.kept)
    return b"".join((MAGIC, digest.digest(), length, header, taken.kept))


def opened(content: bytes) -> tuple[Snapshot, memoryview]:
    """A snapshot and the bytes of its `Kept`. Raises Unusable when they are not what was written."""
    start = len(MAGIC) + _DIGEST
    body = memoryview(content)[start:]
    if content[: len(MAGIC)] != MAGIC or content[len(MAGIC) : start] != sha256(body).digest():
        raise Unusable("damaged")
    end = _LENGTH + int.from_bytes(body[:_LENGTH], "little")
    try:
        return msgspec.msgpack.decode(body[_LENGTH:end], type=Snapshot), body[end:]
    except msgspec.MsgspecError as error:  # of another form, though it is whole
        raise Unusable("version") from error


def restored(snapshot: Snapshot, kept_bytes: memoryview, decider: Decider[Any, Any]) -> PartitionFold[Any]:
    """The fold to read on with. Raises Unusable when it is of another version."""
    if snapshot.version != version_of(decider):
        raise Unusable("version")
    generic: Any = Kept
    try:
        kept: Kept[Any] = msgspec.msgpack.decode(kept_bytes, type=generic[type(decider.initial())])
    except msgspec.MsgspecError as error:
        raise Unusable("version") from error
    fold: PartitionFold[Any] = PartitionFold((snapshot.topic, snapshot.partition), decider)
    fold.state, fold.versions, fold.recent = kept.state, kept.versions, kept.recent
    fold.position = snapshot.position
    return fold
