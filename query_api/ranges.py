"""Byte ranges (RFC 9110, section 14). One range is served, several are refused; what is no range is not heeded."""

import re
from typing import Final

from adapters.http.refusals import RangeNotSatisfiable

_SEVERAL: Final = re.compile(r"bytes=[^,]*,")
_ONE: Final = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*\Z")


def range_of(header: str | None, size: int) -> tuple[int, int] | None:
    """(first byte, length) to serve; None: the whole. Raises RangeNotSatisfiable."""
    if header is not None and _SEVERAL.match(header):
        raise RangeNotSatisfiable("Ask for one range at a time.", size=size)
    match = None if header is None else _ONE.match(header)
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        length = min(int(match[2]), size)
        first = size - length
    else:
        first = int(match[1])
        last = min(int(match[2]), size - 1) if match[2] else size - 1
        if match[2] and int(match[2]) < first:
            return None
        length = last - first + 1
    if length <= 0 or first >= size:
        raise RangeNotSatisfiable(f"The file has {size} bytes.", size=size)
    return first, length
