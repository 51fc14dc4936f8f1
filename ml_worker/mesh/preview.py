"""The picture of a model: a ray-traced studio photo.

One ray a pixel; lamp shadows on a half-size grid (they are soft); pixels where the picture changes quickly are traced
again with more rays.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.assets import Asset
from ml_worker.mesh.camera import aim
from ml_worker.mesh.lane import Lane
from ml_worker.mesh.pictures import encode
from ml_worker.mesh.rays import MISS
from ml_worker.mesh.scene import Scene, Shot, between
from ml_worker.mesh.studio import KEY

Array = npt.NDArray[Any]
SIZE = 768
FLOOR_GRID = 112
FINE = np.array([[-0.375, -0.125], [0.125, -0.375], [0.375, 0.125], [-0.125, 0.375]])
"""Where in a pixel the extra rays go (rotated grid)."""
RESTLESS = 0.1
"""Contrast (of 1) with the pixels around from which a pixel gets the extra rays."""
BAND = 96
"""Rows of pixels that are traced together."""


def render(asset: Asset, watch: Callable[[], None] = lambda: None, lane: Lane | None = None) -> bytes:
    """A PNG of SIZE x SIZE pixels. `watch` is called between the passes and may raise."""
    shot = Shot(Scene(asset, SIZE, FLOOR_GRID), aim(asset.solid.vertices, SIZE))
    watch()
    return encode(expose(shot, watch, lane or Lane()), lossless=True).data


def expose(shot: Shot, watch: Callable[[], None], lane: Lane) -> Array:
    """(S, S, 3) uint8 of the shot, S being its camera's side."""
    side = shot.camera.side
    y, x = (grid.ravel() + 0.5 for grid in np.mgrid[0:side, 0:side])
    lit = _lamp_light(shot, lane)
    color, face = np.empty((side * side, 3), np.float32), np.empty(side * side, np.int64)

    def trace(band: slice) -> None:
        watch()
        color[band], face[band] = shot.trace(x[band], y[band], lit[band])

    lane.each(trace, _bands(side))
    picture = color.reshape(side, side, 3)

    rough = _restless(picture, face.reshape(side, side))
    rows, columns = np.nonzero(rough)

    def trace_again(shift: Array) -> Array:
        watch()
        return shot.trace(columns + 0.5 + shift[0], rows + 0.5 + shift[1], lit[rows * side + columns])[0]

    if len(rows):
        total = np.zeros((len(rows), 3), np.float32)
        for again in lane.each(trace_again, FINE):
            total += again
        picture[rows, columns] = total / len(FINE)
    return np.asarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))


def _bands(side: int) -> list[slice]:
    """The pixels of a picture, some rows at a time."""
    return [slice(start, start + BAND * side) for start in range(0, side * side, BAND * side)]


def _lamp_light(shot: Shot, lane: Lane) -> Array:
    """(S * S,) share of the lamp seen in every pixel: traced on every second pixel, spread over the others."""
    scene, side = shot.scene, shot.camera.side
    half = side // 2
    y, x = (grid.ravel() * 2.0 + 1 for grid in np.mgrid[0:half, 0:half])
    both = np.zeros((half * half, 2), np.float32)

    def trace(band: slice) -> None:
        directions = shot.camera.rays(x[band], y[band])
        origin = np.broadcast_to(shot.camera.eye, directions.shape)
        face, distance, weight = scene.rays.first_hit(origin, directions)
        seen = np.flatnonzero(face != MISS)
        corners = scene.asset.faces[face[seen]]
        normal = between(scene.asset.normals, corners, weight[seen])
        point = shot.camera.eye + directions[seen] * distance[seen, None]
        # Elsewhere the lamp does not count, and its absence must not leak over edges.
        turned_to = normal @ (KEY @ shot.turn) > 0
        seen = seen[turned_to] + band.start
        both[seen, 0] = shot.lit(point[turned_to], normal[turned_to])
        both[seen, 1] = 1

    lane.each(trace, _bands(half))
    lit, known = cv2.split(cv2.GaussianBlur(both.reshape(half, half, 2), (0, 0), 0.8))
    spread = np.divide(lit, known, out=np.ones_like(lit), where=known > 1e-3)
    return np.asarray(cv2.resize(spread, (side, side), interpolation=cv2.INTER_LINEAR)).ravel()


def _restless(picture: Array, face: Array) -> Array:
    """Pixels whose neighbourhood changes so quickly that one ray is not enough."""
    kernel = np.ones((3, 3), np.uint8)
    contrast = (cv2.dilate(picture, kernel) - cv2.erode(picture, kernel)).max(axis=2)
    model = (face != MISS).astype(np.uint8)
    outline = cv2.dilate(model, kernel) != cv2.erode(model, kernel)
    return np.asarray((contrast > RESTLESS) & (cv2.dilate(model, kernel) > 0) | outline)
