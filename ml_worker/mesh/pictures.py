"""Pictures as files have them."""

from typing import Any

import cv2
import msgspec
import numpy.typing as npt

Array = npt.NDArray[Any]


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
    """(S, S, 3) RGB uint8 as PNG, or as JPEG without chroma subsampling."""
    rows = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if lossless:
        # One filter for all rows: trying them all takes twice as long and gives no smaller files.
        options = [cv2.IMWRITE_PNG_COMPRESSION, 4, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
        _, data = cv2.imencode(".png", rows, options)
        return Picture("image/png", data.tobytes())
    options = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    _, data = cv2.imencode(".jpg", rows, options)
    return Picture("image/jpeg", data.tobytes())
