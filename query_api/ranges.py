"""Byte ranges (RFC 9110, section 14). One range is served; several are answered with the whole, as the RFC allows."""

import re
from typing import Final

from adapters.http.refusals import RangeNotSatisfiable

_ONE: Final = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*\Z")


def range_of(header: str | None, size: int) -> tuple[int, int] | None:
    """(first byte, length) to serve; None: the whole. Raises RangeNotSatisfiable."""
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
