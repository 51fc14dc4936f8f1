"""Sealed values that are too many or too large for one record: together in an object of their account, by hash.

The object is JSON, {field id: sealed value}; each value is sealed exactly as it would stand in the event. So an
erasure, which destroys the account's key, reaches them too.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from adapters.object_store.port import ObjectMissing, ObjectStore, object_key
from adapters.security.account_keys import Erased
from domain.personal import Sealed

_MOST_BYTES: Final = 4 * 1024 * 1024
_REMEMBERED: Final = 32
"""Objects that stay in memory: the tasks of a batch are listed and run one after the other."""
log = structlog.get_logger(__name__)


class SealedObjects:
    """Objects are content-addressed, so what was read once stays true."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._known: OrderedDict[tuple[str, str], dict[str, str]] = OrderedDict()

    async def put(self, account_id: str, fields: Mapping[str, Sealed]) -> str:
        """Store the values before the event that names them is decided. Returns the object's SHA-256 in hex."""
        content = msgspec.json.encode({field: sealed.enc for field, sealed in fields.items()})
        sha256 = hashlib.sha256(content).hexdigest()
        await self._store.put_bytes(object_key(account_id, sha256), content, "application/json")
        return sha256

    async def get(self, account_id: str, sha256: str) -> dict[str, str]:
        """The values by field id. Raises Erased when the object is not there (any more), DependencyDown."""
        known = self._known.get((account_id, sha256))
        if known is not None:
            self._known.move_to_end((account_id, sha256))
            return known
        try:
            content = await self._store.get(object_key(account_id, sha256), _MOST_BYTES)
            fields = msgspec.json.decode(content, type=dict[str, str])
        except (ObjectMissing, ValueError) as error:
            log.error("sealed texts cannot be read", account_id=account_id, sha256=sha256, why=repr(error))
            raise Erased("The text is not in the object store any more.") from None
        self._known[account_id, sha256] = fields
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return fields
