"""Pictures as files have them."""

import struct
import zlib
from typing import Any, Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from zlib_ng import zlib_ng

Array = npt.NDArray[Any]
_UP: Final = 2
"""PNG's filter of a row: its bytes less those above them. Trying them all for each row takes far longer than the rest,
and gives no smaller files."""


class Picture(msgspec.Struct, frozen=True):
    """An encoded image."""

    media_type: str
    data: bytes

    @property
    def suffix(self) -> str:
        return ".png" if self.media_type == "image/png" else ".jpg"


class Pictures(msgspec.Struct, frozen=True):
    """Of one model's textures."""

    color: Picture
    surface: Picture
    normal: Picture | None


def encode(picture: Array, lossless: bool) -> Picture:
    """(H, W, 3) RGB uint8 as PNG, or as JPEG without chroma subsampling."""
    if lossless:
        return Picture("image/png", _png(picture))
    options = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    return Picture("image/jpeg", data.tobytes())


def _png(picture: Array) -> bytes:
    """By zlib-ng, in half of zlib's time (W3C, Portable Network Graphics, third edition)."""
    height, width, _ = picture.shape
    plain = picture.reshape(height, 3 * width)
    rows = np.empty((height, 1 + 3 * width), np.uint8)
    rows[:, 0] = _UP
    rows[0, 1:] = plain[0]
    np.subtract(plain[1:], plain[:-1], out=rows[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, RGB
    chunks = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib_ng.compress(rows, 4)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
