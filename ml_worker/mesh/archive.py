"""ZIP archives that are the same bytes whenever the same entries are written."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Final

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time stamp of every entry."""
_LEVEL: Final = 4
_HEADER: Final = 30
"""Bytes of a local file header before the name (APPNOTE.TXT 4.3.7)."""
_PADDING: Final = 0x1986
"""The extra field that USD's own writer pads with."""


def write_zip(entries: Mapping[str, bytes], packed: Callable[[str], bool], alignment: int = 1) -> bytes:
    """`packed`: whether the entry of a name is worth compressing. The data of each entry starts at a multiple of
    `alignment` bytes. Names are ASCII.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if packed(name) else zipfile.ZIP_STORED
            entry.extra = _padding(-(out.tell() + _HEADER + len(name)) % alignment, alignment)
            archive.writestr(entry, data, compresslevel=_LEVEL if packed(name) else None)
    return out.getvalue()


def _padding(missing: int, alignment: int) -> bytes:
    """An extra field of that many bytes; it has at least four."""
    if missing == 0:
        return b""
    while missing < 4:
        missing += alignment
    return struct.pack("<HH", _PADDING, missing - 4).ljust(missing, b"\0")
