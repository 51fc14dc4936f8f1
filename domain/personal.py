"""Personal fields in events: the domain carries them sealed and never reads them.

A `Sealed` value is AES-GCM ciphertext under its account's key with (account id, ce_id, field id) as associated
data (`adapters/security/sealing.py`). Destroying the account's key erases it everywhere. A field whose type is
`Sealed` is personal; every other field of an event is in the clear for analysts.
"""

import msgspec


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """`{"$enc": "v1:<base64url(nonce, ciphertext, tag)>"}` on the wire."""

    enc: str = msgspec.field(name="$enc")


class SealedAt(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A sealed value with what is needed to open it later: the event it came in and its field id.

    With `object`, a SHA-256, `enc` is empty: the value was too large for its event and stands under its field id in
    that object of the account (`adapters/security/sealed_objects.py`).
    """

    event_id: str
    field: str
    enc: str
    object: str | None = None

    @classmethod
    def of(cls, event_id: str, field: str, sealed: Sealed) -> "SealedAt":
        return cls(event_id, field, sealed.enc)
