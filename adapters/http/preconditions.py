"""`If-Match` on resources whose ETag begins with their version: `"<version>-<hash>"` (RFC 9110, section 13.1.1)."""

import re
from typing import Final

from adapters.http.refusals import MalformedRequest

_TAG: Final = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|\Z)')
_VERSION: Final = re.compile(r"(\d{1,15})-")
_MOST_TAGS: Final = 50


def expected_versions(if_match: str | None) -> tuple[int, ...] | None:
    """The versions that the client would accept; None: any. Weak and foreign tags match nothing.

    Raises MalformedRequest.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    versions: list[int] = []
    at = tags = 0
    while at < len(if_match):
        found = _TAG.match(if_match, at)
        if found is None or tags == _MOST_TAGS:
            raise MalformedRequest('If-Match must be `*` or entity tags in quotes, like "3-9f2c".')
        at, tags = found.end(), tags + 1
        version = None if found[1] else _VERSION.match(found[2])
        if version is not None:
            versions.append(int(version[1]))
    if not tags:
        raise MalformedRequest("If-Match is empty.")
    return tuple(versions)
