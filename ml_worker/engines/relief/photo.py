"""Opening a photo the way it is meant to be seen: upright, in sRGB, eight bits, with its transparency."""

import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from ml_worker.engines.port import BadInput

LONGEST = 1024
"""Pixels on the longer side that the engine works with: as many as its texture can show."""
SHORTEST = 256
"""A smaller photo is enlarged to it, for its outline to be drawn finer than its pixels."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
"""All that an upload may be."""
SMALLEST = 16
NARROWEST = 12
"""Times as long as wide."""
ORIENTATION = 0x112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Array = npt.NDArray[Any]


class Photo(msgspec.Struct, frozen=True, eq=False):
    color: Array
    """(H, W, 3) uint8 sRGB."""
    alpha: Array | None
    """(H, W) uint8, None when the photo is opaque."""
    scale: float = 1.0
    """Pixels of it a pixel of the file."""


def open_photo(path: Path) -> Photo:
    """Raises BadInput `unreadable-image`, `image-too-small` or `image-too-narrow`."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.load()
            picture = _to_srgb(_to_eight_bits(_upright(image)))
    except MemoryError:
        raise
    except Exception as error:  # decoders trip over broken files in many ways
        raise BadInput("unreadable-image", "The photo cannot be read. Send a whole PNG, JPEG or WebP file.") from error
    if min(picture.size) < SMALLEST:
        raise BadInput("image-too-small", f"The photo must be at least {SMALLEST} pixels wide and high.")
    if max(picture.size) > NARROWEST * min(picture.size):
        raise BadInput("image-too-narrow", f"The photo must be no more than {NARROWEST} times as long as it is wide.")
    longer = max(picture.size)
    scale = min(max(longer, SHORTEST), LONGEST) / longer
    if scale != 1:
        size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        # Pillow weighs RGBA pixels by their alpha when it resizes, so hidden colours do not bleed in.
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    pixels = np.asarray(picture)
    if pixels.shape[2] == 3:
        return Photo(pixels, None, scale)
    color, alpha = np.ascontiguousarray(pixels[:, :, :3]), np.ascontiguousarray(pixels[:, :, 3])
    return Photo(color, None if (alpha == 255).all() else alpha, scale)


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - a photo whose notes are broken is shown as it lies
        turn = None
    return image if turn is None else image.transpose(turn)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen-bit greys come as I;16 or I: their upper byte. Others are left as they are."""
    if not image.mode.startswith("I"):
        return image
    grey = np.asarray(image, dtype=np.int64)
    eight = Image.fromarray(np.clip(grey >> 8, 0, 255).astype(np.uint8))
    if "transparency" in image.info:
        shown = np.where(grey == image.info["transparency"], 0, 255).astype(np.uint8)
        eight = Image.merge("LA", (eight, Image.fromarray(shown)))
    eight.info["icc_profile"] = image.info.get("icc_profile")
    return eight


def _to_srgb(image: Image.Image) -> Image.Image:
    """RGB or RGBA in sRGB; a photo's own colour profile (Display P3, a press's CMYK) is followed where it has one."""
    profile = image.info.get("icc_profile")
    transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    alpha = None
    if transparent:
        whole = image.convert("RGBA")
        alpha, image = whole.getchannel("A"), whole.convert("L" if image.mode in ("L", "LA", "La") else "RGB")
    elif image.mode not in ("L", "CMYK"):
        image = image.convert("RGB")
    color = (_followed(image, profile) if profile else None) or image.convert("RGB")
    if alpha is not None:
        color.putalpha(alpha)
    return color


def _followed(image: Image.Image, profile: bytes) -> Image.Image | None:
    """In sRGB; None when the profile is broken or fits other pixels: then the numbers are taken as they stand."""
    try:
        return ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return None
