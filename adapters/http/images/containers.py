"""A look at image files as containers, before a decoder sees them. Works on bytes alone, in bounded time and memory."""

import re
import struct
import zlib
from typing import Final

from adapters.http.images.verdict import Limits, Refused

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS: Final = 100_000
_MARKUP: Final = re.compile(rb"<(?:html|script|!doctype\s+html|iframe|body)[\s>/]|<\?php\s", re.IGNORECASE)
_ARCHIVES: Final = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22


def format_of(content: bytes) -> str:
    """The image format by signature: a key of `TYPES`. Raises Refused for everything else."""
    if content.startswith(_PNG):
        return "PNG"
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if content[:2] == b"BM" and content[6:10] == bytes(4):
        return "BMP"
    raise Refused("unsupported", "The content is none of PNG, JPEG, WebP, GIF and BMP, whatever its name says.")


def require_single_purpose(content: bytes) -> None:
    """Refuse a file that is an image and something else as well (a ZIP, a page, a PDF)."""
    tail_start = max(0, len(content) - 65_535 - _ZIP_END_BYTES)
    end = content.rfind(_ZIP_END, tail_start)
    if end >= 0 and len(content) - end >= _ZIP_END_BYTES:
        (comment,) = struct.unpack_from("<H", content, end + 20)
        # Archives may be followed by padding: what counts is that an unpacker would find the directory.
        directory, offset = struct.unpack_from("<II", content, end + 12)
        if end + _ZIP_END_BYTES + comment <= len(content) and directory + offset <= end:
            raise Refused("unsupported", "The image is a ZIP archive as well.")
    if any(mark in content for mark in _ARCHIVES):
        raise Refused("unsupported", "The image is an archive as well.")
    if b"%PDF-" in content[:1024]:
        raise Refused("unsupported", "The image is a PDF document as well.")
    if _MARKUP.search(content):
        raise Refused("unsupported", "The image contains HTML or a script.")


def survey(kind: str, content: bytes, limits: Limits) -> None:
    """Check what decoders do late or never: sizes, frames, text. Raises Refused."""
    if kind == "PNG":
        _survey_png(content, limits)
    elif kind == "GIF":
        _survey_gif(content, limits)
    elif kind == "WEBP":
        _survey_webp(content, limits)


def require_size(width: int, height: int, limits: Limits) -> None:
    """Raise Refused for an empty picture and for one with too many pixels."""
    if width <= 0 or height <= 0:
        raise Refused("damaged", f"The image is {width} x {height} pixels: there is nothing to see.")
    if width * height > limits.pixels:
        raise Refused(
            "too-large",
            f"The image is {width} x {height} pixels; {limits.pixels / 1e6:.0f} megapixels are the most.",
        )


def _require_frames(frames: int, limits: Limits) -> None:
    if frames > limits.frames:
        raise Refused("too-large", f"The animation has more than {limits.frames} frames.")


def _survey_png(content: bytes, limits: Limits) -> None:
    position, text = len(_PNG), 0
    for number in range(_MOST_CHUNKS):
        if position + 12 > len(content):
            raise Refused("damaged", "The PNG is cut off.")
        length, kind = struct.unpack_from(">I4s", content, position)
        body = position + 8
        if body + length + 4 > len(content):
            raise Refused("damaged", "The PNG is cut off.")
        if number == 0:
            if kind != b"IHDR" or length != 13:
                raise Refused("damaged", "The PNG has no header.")
            width, height = struct.unpack_from(">II", content, body)
            require_size(width, height, limits)
        elif kind == b"acTL" and length >= 4:
            _require_frames(struct.unpack_from(">I", content, body)[0], limits)
        elif kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            text += _unpacked_text(kind, content[body : body + length], limits.text_bytes)
            if text > limits.text_bytes:
                raise Refused("too-large", f"The PNG's text has more than {limits.text_bytes} bytes.")
        elif kind == b"IEND":
            return
        position = body + length + 4
    raise Refused("too-large", f"The PNG has more than {_MOST_CHUNKS} chunks.")


def _unpacked_text(kind: bytes, data: bytes, most: int) -> int:
    """Bytes that a text or profile chunk takes in memory, counted to just over `most`."""
    keyword_end = data.find(b"\x00")
    if kind == b"tEXt" or keyword_end < 0:
        return len(data)
    if kind == b"iTXt":
        compressed = data[keyword_end + 1 : keyword_end + 2] == b"\x01"
        translated = data.find(b"\x00", data.find(b"\x00", keyword_end + 3) + 1)
        packed = data[translated + 1 :] if compressed and translated > 0 else b""
    else:
        packed = data[keyword_end + 2 :]
    if not packed:
        return len(data)
    try:
        return len(zlib.decompressobj().decompress(packed, most + 1))
    except zlib.error:
        return len(data)


def _survey_gif(content: bytes, limits: Limits) -> None:
    if len(content) < 13:
        raise Refused("damaged", "The GIF is cut off.")
    width, height, flags = struct.unpack_from("<HHB", content, 6)
    require_size(width, height, limits)
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    while position < len(content):
        kind = content[position]
        if kind == 0x3B:
            return
        if kind == 0x2C and position + 10 <= len(content):
            frames += 1
            _require_frames(frames, limits)
            width, height = struct.unpack_from("<HH", content, position + 5)
            require_size(width, height, limits)
            local = content[position + 9]
            position += 11 + (3 << (local & 7) + 1 if local & 0x80 else 0)
        elif kind == 0x21:
            position += 2
        else:
            raise Refused("damaged", "The GIF has a block that is none.")
        while position < len(content) and content[position]:
            position += 1 + content[position]
        position += 1
    raise Refused("damaged", "The GIF is cut off.")


def _survey_webp(content: bytes, limits: Limits) -> None:
    position, frames = 12, 0
    while position + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, position)
        if kind == b"ANMF":
            frames += 1
            _require_frames(frames, limits)
        position += 8 + length + (length & 1)
