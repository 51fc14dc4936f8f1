"""Binary FBX 7.4 as a container: nested records with typed values, between a header and a footer.

The layout is not published by Autodesk; it is as described at
https://code.blender.org/2013/08/fbx-binary-file-format-specification/ and as ufbx reads it. All numbers are
little-endian; offsets count from the start of the file, so a file ends before 4 GiB.
"""

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

VERSION = 7400
MAGIC = b"Kaydara FBX Binary  \0\x1a\0"
CREATED = "1970-01-01 10:00:00:000"
FILE_ID = bytes.fromhex("28b32aebb624ccc2bfc8b02aa92bfcf1")
FOOTER_ID = bytes.fromhex("fabcab09d0c8d466b176fb831cf7267e")
"""Both ids are worked out from the time of creation: this time, and these of all, are the ones every writer pins."""
LAST = bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b")
END = bytes(13)
"""A record of zeros closes a list of records."""
PLAIN_UP_TO = 128
"""Bytes of an array that are not worth compressing."""
COMPRESSION = 4


@dataclass(frozen=True, slots=True)
class Long:
    """A number of 64 bits: an object's id, or a time. A plain int is written with 32."""

    number: int


Value = bool | int | float | str | bytes | Long | npt.NDArray[Any]
"""Arrays are of int32 or float64."""


@dataclass(frozen=True, slots=True)
class Record:
    name: str
    values: tuple[Value, ...] = ()
    children: tuple["Record", ...] = field(default=())


def record(name: str, *values: Value, children: tuple[Record, ...] = ()) -> Record:
    return Record(name, values, children)


def write_records(records: tuple[Record, ...]) -> bytes:
    """The whole file. The same records give the same bytes."""
    data = bytearray(MAGIC + struct.pack("<I", VERSION))
    for each in records:
        _append(data, each)
    data += END
    data += FOOTER_ID + bytes(4)
    data += bytes(16 - len(data) % 16)  # a full line of zeros where the end is aligned already
    data += struct.pack("<I", VERSION) + bytes(120) + LAST
    return bytes(data)


def _append(data: bytearray, each: Record) -> None:
    name = each.name.encode("ascii")
    values = b"".join(map(_encoded, each.values))
    start = len(data)
    data += struct.pack("<3IB", 0, len(each.values), len(values), len(name)) + name + values
    for child in each.children:
        _append(data, child)
    if each.children or not each.values:
        data += END
    struct.pack_into("<I", data, start, len(data))


def _encoded(value: Value) -> bytes:
    match value:
        case bool():
            return b"C" + struct.pack("<?", value)
        case Long():
            return b"L" + struct.pack("<q", value.number)
        case float():
            return b"D" + struct.pack("<d", value)
        case int():
            return b"I" + struct.pack("<i", value)
        case str():
            text = value.encode()
            return b"S" + struct.pack("<I", len(text)) + text
        case bytes():
            return b"R" + struct.pack("<I", len(value)) + value
        case _:
            return _array(value)


def _array(values: npt.NDArray[Any]) -> bytes:
    kind, layout = (b"i", "<i4") if values.dtype == np.int32 else (b"d", "<f8")
    data = values.astype(layout).tobytes()
    packed = len(data) > PLAIN_UP_TO
    stored = zlib.compress(data, COMPRESSION) if packed else data
    return kind + struct.pack("<3I", values.size, packed, len(stored)) + stored
