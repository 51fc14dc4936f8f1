"""Sealing of personal fields: AES-256-GCM under the account's key.

`v1:<base64url(nonce, ciphertext, tag)>`, without padding; 12 random bytes of nonce. Associated data is the account id,
the event id and the field id: a sealed value opens only in the place it was made for.
"""

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.security.account_keys import AccountKeys, Erased
from adapters.security.sealed_objects import SealedObjects
from domain.personal import Sealed, SealedAt

_VERSION: Final = "v1:"
_NONCE: Final = 12


class Unreadable(ValueError):
    """A sealed value that is malformed, or was not made for this account, event and field."""


class Sealer:
    """Seals and opens fields. Raises Erased when the account has no key (any more).

    `objects` holds the values that were too large for their events.
    """

    def __init__(self, keys: AccountKeys, objects: SealedObjects) -> None:
        self.keys, self.objects = keys, objects

    async def seal(self, account_id: str, event_id: str, field: str, text: str) -> Sealed:
        """Seal one field of the event that will have id `event_id`."""
        return _sealed(await self.keys.get(account_id), account_id, event_id, field, text)

    async def seal_fields(self, account_id: str, event_id: str, fields: Mapping[str, str]) -> dict[str, Sealed]:
        """Seal several fields (field id to text) of one event."""
        cipher = await self.keys.get(account_id)
        return {field: _sealed(cipher, account_id, event_id, field, text) for field, text in fields.items()}

    async def open(self, account_id: str, sealed: SealedAt) -> str:
        """The text. Raises Erased, or Unreadable."""
        cipher = await self.keys.get(account_id)
        return _opened(cipher, account_id, await self._whole(account_id, sealed))

    async def open_many(self, wanted: Sequence[tuple[str, SealedAt | None]]) -> list[str | None]:
        """The texts of (account id, sealed) pairs, for lists: one query for all keys. None: nothing there, or erased.

        Raises Unreadable.
        """
        keys = await self.keys.get_many(account_id for account_id, sealed in wanted if sealed is not None)
        texts: list[str | None] = []
        for account_id, sealed in wanted:
            cipher = keys.get(account_id)
            if sealed is None or cipher is None:
                texts.append(None)
                continue
            try:
                texts.append(_opened(cipher, account_id, await self._whole(account_id, sealed)))
            except Erased:
                texts.append(None)
        return texts

    async def open_or_none(self, account_id: str, sealed: SealedAt | None) -> str | None:
        """The text, or None when there is nothing or it was erased. Raises Unreadable."""
        if sealed is None:
            return None
        try:
            return await self.open(account_id, sealed)
        except Erased:
            return None

    async def _whole(self, account_id: str, sealed: SealedAt) -> SealedAt:
        """With the ciphertext, wherever it is kept. Raises Erased (its object is gone), Unreadable, DependencyDown."""
        if sealed.object is None:
            return sealed
        fields = await self.objects.get(account_id, sealed.object)
        if sealed.field not in fields:
            raise Unreadable(f"field {sealed.field} of event {sealed.event_id} is not in its object")
        return SealedAt(sealed.event_id, sealed.field, fields[sealed.field])


def _bound_to(account_id: str, event_id: str, field: str) -> bytes:
    return "\x00".join(("lathe/sealed/v1", account_id, event_id, field)).encode()


def _sealed(cipher: AESGCM, account_id: str, event_id: str, field: str, text: str) -> Sealed:
    nonce = os.urandom(_NONCE)
    content = nonce + cipher.encrypt(nonce, text.encode(), _bound_to(account_id, event_id, field))
    return Sealed(_VERSION + base64.urlsafe_b64encode(content).rstrip(b"=").decode())


def _opened(cipher: AESGCM, account_id: str, sealed: SealedAt) -> str:
    if not sealed.enc.startswith(_VERSION):
        raise Unreadable(f"field {sealed.field} of event {sealed.event_id}: unknown sealing")
    body = sealed.enc[len(_VERSION) :]
    try:
        content = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        bound = _bound_to(account_id, sealed.event_id, sealed.field)
        return cipher.decrypt(content[:_NONCE], content[_NONCE:], bound).decode()
    except (binascii.Error, InvalidTag, ValueError):
        raise Unreadable(f"field {sealed.field} of event {sealed.event_id} does not open") from None
