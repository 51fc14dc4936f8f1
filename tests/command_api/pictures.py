"""Small pictures to upload."""

import io
import struct
import zlib

from PIL import Image


def picture(shade: int = 0) -> bytes:
    """A PNG of 24 x 16 pixels; each `shade` is another content."""
    image = Image.new("RGB", (24, 16), (200, 40, shade % 256))
    image.paste((20, 20, 20), (6, 4, 18, 12))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims a size; pixels are there for 4 x 4."""
    made = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\x00" + bytes(12)) * 4)
    for kind, data in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")):
        made += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return made
