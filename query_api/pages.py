"""Pages of lists: opaque cursors that hold for one account and one set of filters, and RFC 8288 links."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from domain.errors import InvalidInput

_TAG = 12


class Cursors:
    """Makes and reads cursors; a tampered one, or one of another list, is refused."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"lathe/cursors/v1", "sha256")

    def make(self, of: Sequence[str], last: str) -> str:
        """The place after `last` in the list `of` (account, filters…)."""
        return base64.urlsafe_b64encode(self._tag(of, last) + last.encode()).rstrip(b"=").decode()

    def read(self, of: Sequence[str], cursor: str) -> str:
        """Where to go on. Raises InvalidInput."""
        try:
            content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            tag, last = content[:_TAG], content[_TAG:].decode()
        except (binascii.Error, ValueError):
            tag, last = b"", ""
        if not hmac.compare_digest(tag, self._tag(of, last)):
            raise InvalidInput(
                "The cursor is not one that this list gave.",
                errors=[{"parameter": "cursor", "in": "query", "detail": "Take it from `next` of the page before"}],
            )
        return last

    def _tag(self, of: Sequence[str], last: str) -> bytes:
        text = "\x00".join((*of, last)).encode()
        return hmac.new(self._key, text, hashlib.sha256).digest()[:_TAG]


def page(items: list[Any], *, total: int, limit: int, offset: int, following: str | None) -> dict[str, Any]:
    """The shape of every list."""
    return {"items": items, "total": total, "limit": limit, "offset": offset, "next": following}


def links(path: str, parameters: Sequence[tuple[str, str | int]], following: str | None) -> str:
    """A Link header (RFC 8288): the first page, and the next one if there is one."""
    found = f'<{path}?{urlencode(parameters)}>; rel="first"'
    if following is None:
        return found
    return f'{found}, <{path}?{urlencode([*parameters, ("cursor", following)])}>; rel="next"'
