"""Keyed digests: what the log may hold of names and requests without giving them away.

All are HMAC-SHA256 under subkeys of the master key, so nobody without it can test guesses.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from adapters.security.master_key import MasterKey

_LONGEST_NAME: Final = 256


class Digests:
    """Blind index of names, and the scope and digest of idempotent requests."""

    def __init__(self, master: MasterKey) -> None:
        self._blind_index, self._digests = master.blind_index, master.digests

    def blind_index(self, name: str) -> str:
        """Hex (64 digits) by which a user name is unique: of its NFKC case folding, so that look-alikes collide."""
        return hmac.new(self._blind_index, fold_name(name).encode(), hashlib.sha256).hexdigest()

    def idempotency_key(self, caller: str, method: str, route: str, key: str) -> str:
        """Hex of 16 bytes for an Idempotency-Key in its scope. `route` is the template, without a trailing slash."""
        scope = orjson.dumps([caller, method.upper(), route, key])
        return self._short(b"idempotency-key", scope)

    def request_digest(self, fields: Any, files: Mapping[str, str] | Sequence[str] = ()) -> str:
        """Hex of 16 bytes for a request's content: parsed fields (plain JSON values) and the files' SHA-256 (hex).

        Equal for any order of members and any way of writing the same JSON.
        """
        content = orjson.dumps(
            [fields, dict(files) if isinstance(files, Mapping) else list(files)],
            option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS,
        )
        return self._short(b"request", content)

    def _short(self, use: bytes, content: bytes) -> str:
        return hmac.digest(self._digests, use + b"\x00" + content, "sha256")[:16].hex()


def fold_name(name: str) -> str:
    """A user name's form for comparison: NFKC_Casefold (Unicode 3.13), which invisible characters do not change.

    A text that is too long to be a name is left as it is: folding it would be work for nothing.
    """
    if len(name) > _LONGEST_NAME:
        return name
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
