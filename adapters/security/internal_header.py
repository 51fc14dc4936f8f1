"""The header by which one process vouches for a caller when it forwards a command to the partition's owner.

`v1.<base64url(JSON)>.<hex HMAC-SHA256>`: the caller's verified identity, the command id, the ownership (epoch, nonce)
it is addressed to, an expiry, and the hash of the body it goes with.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final

import msgspec

from domain.errors import Unauthenticated

HEADER: Final = "lathe-internal"
_LIFETIME_S: Final = 30.0


class Forward(msgspec.Struct, frozen=True, kw_only=True):
    """What is vouched for."""

    actor: str
    """`user/<account id>`, `service/<name>` or `system`."""
    command_id: str
    topic: str
    partition: int
    epoch: int
    nonce: str


class _Vouched(msgspec.Struct, frozen=True):
    forward: Forward
    expires_at: float
    body: str


class InternalHeader:
    """Signs and verifies with the internal subkey of the master key."""

    def __init__(self, subkey: bytes, clock: Callable[[], float] = time.time) -> None:
        self._subkey, self._clock = subkey, clock

    def sign(self, forward: Forward, body: bytes) -> str:
        """The header's value for `forward` with `body`, good for 30 seconds."""
        vouched = _Vouched(forward, self._clock() + _LIFETIME_S, hashlib.sha256(body).hexdigest())
        content = base64.urlsafe_b64encode(msgspec.json.encode(vouched)).decode()
        return f"v1.{content}.{self._mac(content)}"

    def verify(self, header: str, body: bytes) -> Forward:
        """Raises Unauthenticated: forged, expired, or made for another body."""
        version, _, rest = header.partition(".")
        content, _, mac = rest.partition(".")
        presented = mac.encode("latin-1", "replace")
        if version != "v1" or not hmac.compare_digest(presented, self._mac(content).encode()):
            raise Unauthenticated("The internal header is not signed by this installation.")
        try:
            vouched = msgspec.json.decode(base64.urlsafe_b64decode(content), type=_Vouched)
        except (binascii.Error, msgspec.MsgspecError) as error:
            raise Unauthenticated("The internal header is malformed.") from error
        now = self._clock()
        if not now - 5 < vouched.expires_at <= now + _LIFETIME_S + 5:
            raise Unauthenticated("The internal header has expired.")
        if not hmac.compare_digest(vouched.body, hashlib.sha256(body).hexdigest()):
            raise Unauthenticated("The internal header belongs to another body.")
        return vouched.forward

    def _mac(self, content: str) -> str:
        return hmac.new(self._subkey, b"v1." + content.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
