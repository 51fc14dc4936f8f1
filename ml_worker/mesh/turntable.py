"""One turn of a model as an animated WebP: the studio of the preview, whose lamps, camera and backdrop stand still."""

import io
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_worker.mesh.assets import Asset
from ml_worker.mesh.camera import aim_at_all_turns
from ml_worker.mesh.lane import Lane
from ml_worker.mesh.preview import expose
from ml_worker.mesh.scene import Scene, Shot

Array = npt.NDArray[Any]
SIDE: Final = 360
"""Pixels."""
FRAMES: Final = 36
FRAME_MS: Final = 90
FLOOR_GRID: Final = 64
QUALITY: Final = 82
EFFORT: Final = 2
"""Of libwebp's 0 to 6: a higher one makes the file hardly smaller, and takes longer than the pictures."""


def render_turntable(asset: Asset, watch: Callable[[], None] = lambda: None, lane: Lane | None = None) -> bytes:
    """FRAMES pictures of SIDE x SIDE pixels in an endless loop; the first shows the model as the preview does.

    The same asset gives the same bytes. `watch` is called often and may raise.
    """
    scene = Scene(asset, 2 * SIDE, FLOOR_GRID)
    camera = aim_at_all_turns(asset.solid.vertices, SIDE)

    def taken(number: int) -> Image.Image:
        watch()
        shot = Shot(scene, camera, turned(2 * np.pi * number / FRAMES))
        return Image.fromarray(expose(shot, watch, Lane()))

    frames = (lane or Lane()).each(taken, range(FRAMES))
    watch()
    out = io.BytesIO()
    frames[0].save(
        out, "WEBP", save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0, quality=QUALITY, method=EFFORT,
        kmin=0, kmax=1,  # each frame by itself: what is kept of earlier ones shows as blocks, and saves nothing
    )  # fmt: skip
    return out.getvalue()


def turned(angle: float) -> Array:
    """(3, 3): model to studio, a turn about the Y axis, in radians, counterclockwise seen from above."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
