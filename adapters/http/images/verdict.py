"""What the examination of an image says: what it is, or why it is refused. Plain values that travel by pipe."""

from typing import Final, Literal, NamedTuple

TYPES: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif", "BMP": "image/bmp"}
"""Decoders that are allowed, and the media types they stand for. All others stay off, whatever a file's name says."""

Refusal = Literal["unsupported", "too-large", "damaged"]


class Limits(NamedTuple):
    bytes: int
    pixels: int
    frames: int = 100
    text_bytes: int = 4 * 1024 * 1024
    """All text chunks of a PNG together, unpacked."""


class ImageInfo(NamedTuple):
    """`width` and `height` in pixels as shown, that is with the EXIF orientation applied."""

    media_type: str
    width: int
    height: int


class Refused(Exception):
    """The file is not taken. `kind` decides the status: 415, 413 or 422."""

    def __init__(self, kind: Refusal, why: str) -> None:
        super().__init__(why)
        self.kind: Refusal = kind
        self.why = why
