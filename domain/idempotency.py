"""Idempotency keys: the same request twice is one event and one answer (draft-ietf-httpapi-idempotency-key-header).

An event carries the keyed hash of (caller, method, route, Idempotency-Key) and the keyed digest of what was asked.
The fold keeps both for ever, so that a repeat is answered from the present state, and the key with another content
is refused. Every decider of an owned topic decides through `once` and folds through `Keys.remember`.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.errors import KeyReused
from domain.packed import PackedTable, pack_id, unpack_id

HASH_BYTES: Final = 16
_STREAM_BYTES: Final = 4


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What a key was used for: the digest of the request, the stream and the subject of its event."""

    digest: bytes
    key: str
    subject: str


class Keys(msgspec.Struct):
    """All keys ever used in a partition: 60 bytes each, or as they come where they or their subjects are no hashes."""

    packed: PackedTable = msgspec.field(
        default_factory=lambda: PackedTable(HASH_BYTES, HASH_BYTES + _STREAM_BYTES + HASH_BYTES)
    )
    streams: list[str] = []
    """Streams of the packed keys, by number."""
    numbers: dict[str, int] = {}
    """And their numbers."""
    odd: dict[bytes, Seen] = {}

    def remember(self, key: str, envelope: Envelope) -> None:
        """Fold an event of stream `key`. The first use of an idempotency key stands."""
        if envelope.idempotency_key is None:
            return
        used, digest = pack(envelope.idempotency_key), pack(envelope.idempotency_digest or "")
        subject = pack_id(envelope.subject)
        if len(used) == len(digest) == HASH_BYTES and subject is not None:
            if used not in self.odd:
                self.packed.add(used, digest + self._number(key).to_bytes(_STREAM_BYTES, "little") + subject)
        elif self._packed(used) is None:
            self.odd.setdefault(used, Seen(digest, key, envelope.subject))

    def find(self, context: Context) -> Seen | None:
        """What the request in `context` led to before, if it did. Raises KeyReused if another request did."""
        if context.idempotency_key is None:
            return None
        seen = self.seen(context.idempotency_key)
        if seen is not None and seen.digest != pack(context.idempotency_digest or ""):
            raise KeyReused("This Idempotency-Key was sent before with another request. Use a new one.")
        return seen

    def seen(self, key: str) -> Seen | None:
        """What a key was used for, if it was."""
        used = pack(key)
        return self._packed(used) or self.odd.get(used)

    def _packed(self, used: bytes) -> Seen | None:
        row = self.packed.get(used) if len(used) == HASH_BYTES else None
        if row is None:
            return None
        number = int.from_bytes(row[HASH_BYTES : HASH_BYTES + _STREAM_BYTES], "little")
        return Seen(row[:HASH_BYTES], self.streams[number], unpack_id(row[HASH_BYTES + _STREAM_BYTES :]))

    def _number(self, stream: str) -> int:
        number = self.numbers.setdefault(stream, len(self.streams))
        if number == len(self.streams):
            self.streams.append(stream)
        return number


def once(
    keys: Keys, context: Context, view: Callable[[str, str], dict[str, Any]], decide: Callable[[], Append | Reply]
) -> Append | Reply:
    """What `decide` says, or the answer to the first request with this key: `view(stream key, subject)` as it is now.

    Raises KeyReused, and what `decide` raises.
    """
    seen = keys.find(context)
    return decide() if seen is None else Reply(view(seen.key, seen.subject))


def pack(text: str) -> bytes:
    """16 bytes of a 32-digit hexadecimal hash; any other text stays as it is, so that a fold never fails on it."""
    if len(text) == 2 * HASH_BYTES:
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass
    return text.encode()
