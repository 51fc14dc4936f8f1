"""Records and their envelopes: CloudEvents 1.0, Kafka binary mode.

One function makes the wire form (`encode`), one reads it (`decode`). Decoding never raises: what cannot be decoded
becomes an `Undecodable`, because validity is a matter of headers alone (docs/decisions/0001).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec

from domain.envelope import Envelope
from domain.registry import EVENTS, READ_FIRST, TYPE_OF
from domain.upcasting import UPCASTERS, Change, Upcaster, way

MAX_VALUE: Final = 64 * 1024
Headers = tuple[tuple[str, bytes], ...]


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record as it stands in the log."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Broker's or producer's time, ms since 1970."""
    key: bytes | None
    value: bytes | None
    kept: dict[str, bytes] | Headers
    """Its headers, as a dict only if no name is there twice. (A dict of plain values costs the cycle collector nothing;
    fifteen tuples for each record cost a reader an eighth of its time.)"""

    @property
    def headers(self) -> Headers:
        """As they stand."""
        return tuple(self.kept.items()) if isinstance(self.kept, dict) else self.kept

    @property
    def by_name(self) -> dict[str, bytes]:
        """The last one of each name. Not to be changed."""
        return self.kept if isinstance(self.kept, dict) else dict(self.kept)


def kept_of(headers: Headers) -> dict[str, bytes] | Headers:
    """As `Record` keeps them."""
    named = dict(headers)
    return named if len(named) == len(headers) else headers


class Undecodable(msgspec.Struct, frozen=True):
    """A record whose envelope or value cannot be read; `why` is for the operator."""

    why: str


class NotWrittenYet(TypeError):
    """An event of a type that only the next release may write: readers of this one are still being replaced."""


class TooLarge(ValueError):
    """The value is over 64 KiB. A refusal: it is found before the record gets an owner sequence."""


_encoder = msgspec.json.Encoder(decimal_format="number")


class _Decoder(Protocol):
    def decode(self, buf: bytes, /) -> msgspec.Struct: ...


class _Upcasting:
    """Decodes a value that was written in an old version. Raises msgspec.ValidationError if that cannot be done."""

    def __init__(self, changes: tuple[Change, ...], newest: type[msgspec.Struct]) -> None:
        self._changes, self._newest = changes, newest
        self._decoder = msgspec.json.Decoder(dict)

    def decode(self, buf: bytes, /) -> msgspec.Struct:
        value = self._decoder.decode(buf)
        try:
            for change in self._changes:
                value = change(value)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise msgspec.ValidationError(f"cannot be upcast: {error!r}") from error
        return msgspec.convert(value, self._newest)


_Known = tuple[str, _Decoder | None]
Known = Mapping[bytes | None, _Known]
"""ce_type → the type that the code sees, and what decodes its value."""


def known_types(events: Mapping[str, type[msgspec.Struct]], upcasters: Mapping[str, Upcaster]) -> Known:
    """What a release reads. An old version is read as the newest one, by its type too. Raises `upcasting.NoWay`."""
    known: dict[bytes | None, _Known] = {
        name.encode(): (name, msgspec.json.Decoder(cls)) for name, cls in events.items()
    }
    for old in upcasters:
        newest, changes = way(old, events, upcasters)
        known[old.encode()] = (newest, _Upcasting(changes, events[newest]))
    return known


_KNOWN: Final = known_types(EVENTS, UPCASTERS)
_UNKNOWN: Final[_Known] = ("", None)


def encode_value(event: msgspec.Struct) -> bytes:
    """JSON of an event. Raises TooLarge."""
    value = _encoder.encode(event)
    if len(value) > MAX_VALUE:
        raise TooLarge(f"{TYPE_OF[type(event)]} would take {len(value)} bytes; {MAX_VALUE} is the most")
    return value


def type_of(event: msgspec.Struct) -> str:
    """The wire name of an event. Raises NotWrittenYet."""
    name = TYPE_OF[type(event)]
    if name in READ_FIRST:
        raise NotWrittenYet(f"{name} is read by this release, and written by the next one (domain/registry.py)")
    return name


def encode_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """Headers of an event, without the owner's (`adapters/kafka/readrule.py` adds those)."""
    e = envelope
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", e.id.encode()),
        ("ce_type", e.type.encode()),
        ("ce_source", e.source.encode()),
        ("ce_time", e.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()),
        ("ce_subject", e.subject.encode()),
        ("ce_dataschema", f"/events/{e.type}.schema.json".encode()),
        ("content-type", b"application/json"),
        ("ce_actor", e.actor.encode()),
        ("ce_correlationid", e.correlation_id.encode()),
    ]
    optional: Iterable[tuple[str, str | int | None]] = (
        ("ce_causationid", e.causation_id),
        ("ce_commandid", e.command_id),
        ("traceparent", e.traceparent),
        ("ce_streamversion", e.stream_version),
        ("ce_taskseq", e.task_seq),
        ("ce_idempotencykey", e.idempotency_key),
        ("ce_idempotencydigest", e.idempotency_digest),
    )
    headers += [(name, str(value).encode()) for name, value in optional if value is not None]
    return headers


def decode(record: Record, known: Known = _KNOWN) -> tuple[Envelope, msgspec.Struct] | Undecodable:
    """Envelope and event of a record, or why not. Never raises. `known` is what this release reads."""
    if record.value is None:
        return Undecodable("tombstone: the record has no value")
    if record.key is None:
        return Undecodable("the record has no key")
    h = record.by_name
    try:
        event_type, decoder = known.get(h["ce_type"], _UNKNOWN)
        version, task_seq = h.get("ce_streamversion"), h.get("ce_taskseq")
        causation, command, trace = h.get("ce_causationid"), h.get("ce_commandid"), h.get("traceparent")
        key, digest = h.get("ce_idempotencykey"), h.get("ce_idempotencydigest")
        envelope = Envelope(
            id=h["ce_id"].decode(),
            type=event_type or h["ce_type"].decode(),
            source=h["ce_source"].decode(),
            time=datetime.fromisoformat(h["ce_time"].decode()),
            subject=h["ce_subject"].decode(),
            actor=h["ce_actor"].decode(),
            correlation_id=h["ce_correlationid"].decode(),
            causation_id=None if causation is None else causation.decode(),
            command_id=None if command is None else command.decode(),
            traceparent=None if trace is None else trace.decode(),
            stream_version=None if version is None else int(version),
            task_seq=None if task_seq is None else int(task_seq),
            idempotency_key=None if key is None else key.decode(),
            idempotency_digest=None if digest is None else digest.decode(),
            offset=record.offset,
        )
        if envelope.time.tzinfo is None:
            return Undecodable("ce_time has no time zone")
    except (KeyError, ValueError, AttributeError) as error:  # a header without a value has no decode()
        return Undecodable(f"envelope: {type(error).__name__}: {error}")
    if decoder is None:
        return Undecodable(f"unknown event type {envelope.type!r}")
    try:
        return envelope, decoder.decode(record.value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Undecodable(f"{envelope.type}: {error}")
