"""Opening a photo the way it is meant to be seen: upright, in sRGB, eight bits, with its transparency."""

import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps

from ml_worker.engines.port import BadInput

LONGEST = 1024
"""Pixels on the longer side that the engine works with: as many as its texture can show."""
FORMATS = ("PNG", "JPEG", "WEBP")
SMALLEST = 16

Array = npt.NDArray[Any]


class Photo(msgspec.Struct, frozen=True, eq=False):
    color: Array
    """(H, W, 3) uint8 sRGB."""
    alpha: Array | None
    """(H, W) uint8, None when the photo is opaque."""


def open_photo(path: Path) -> Photo:
    """Raises BadInput `unreadable-image` or `image-too-small`."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.load()
            upright = ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput("unreadable-image", "The photo cannot be read. Send a whole PNG, JPEG or WebP file.") from error
    if min(upright.size) < SMALLEST:
        raise BadInput("image-too-small", f"The photo must be at least {SMALLEST} pixels wide and high.")
    picture = _to_srgb(_to_eight_bits(upright))
    scale = LONGEST / max(picture.size)
    if scale < 1:
        size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        # Pillow weighs RGBA pixels by their alpha when it shrinks, so hidden colours do not bleed in.
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    pixels = np.asarray(picture)
    if pixels.shape[2] == 3:
        return Photo(pixels, None)
    alpha = pixels[:, :, 3]
    return Photo(np.ascontiguousarray(pixels[:, :, :3]), None if (alpha == 255).all() else np.ascontiguousarray(alpha))


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen-bit greys come as I;16 or I: their upper byte. Others are left as they are."""
    if not image.mode.startswith("I"):
        return image
    grey = np.asarray(image, dtype=np.int64)
    return Image.fromarray(np.clip(grey >> 8, 0, 255).astype(np.uint8))


def _to_srgb(image: Image.Image) -> Image.Image:
    """RGB or RGBA in sRGB; a photo's own colour profile (Display P3, a press's CMYK) is followed where it has one."""
    transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a broken profile: take the numbers as they stand
        if converted is not None:
            return converted
    return image.convert("RGBA" if transparent else "RGB")
