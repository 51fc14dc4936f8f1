"""An early picture of a model: its bare surface in clay, seen from where the final picture will be taken.

Drawn by a depth buffer: a tenth of a ray tracer's time, and there are no shadows to trace.
"""

import math
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.camera import aim, backdrop
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Ints, Mesh
from ml_worker.mesh.pictures import encode
from ml_worker.mesh.studio import KEY

Array = npt.NDArray[Any]
SIDE: Final = 384
"""Pixels: half of the final picture's side."""
CLAY: Final = np.array([0.80, 0.79, 0.77], np.float32)
"""sRGB of the clay in full light."""


@cache
def _background() -> Array:
    """(SIDE, SIDE, 3) uint8: what is behind the model."""
    y, x = (grid.ravel() + 0.5 for grid in np.mgrid[0:SIDE, 0:SIDE])
    return np.asarray(np.rint(np.clip(backdrop(x, y, SIDE), 0, 1) * 255).astype(np.uint8).reshape(SIDE, SIDE, 3))


def sketch(mesh: Mesh) -> bytes:
    """A PNG of SIDE x SIDE pixels."""
    camera = aim(mesh.vertices, SIDE)
    frame = np.stack([camera.right, camera.up, camera.ahead], axis=1)
    places, normals = (mesh.vertices - camera.eye) @ frame, mesh.face_normals()
    places[:, :2] /= places[:, 2:] * camera.scale
    picture = _background().copy()
    _drawn(places, mesh.faces, normals @ frame, 0.3 + 0.45 * np.clip(normals @ KEY, 0, 1), camera.scale, CLAY, picture)
    return encode(picture, lossless=True).data


@compiled
def _drawn(places: Array, faces: Ints, normals: Array, light: Array, scale: float, clay: Array, picture: Array) -> None:
    """`places` (V, 3): across and up, -1..1, and the depth; `normals` (F, 3) as the camera sees them; `light` (F,)."""
    side = len(picture)
    nearest = np.zeros((side, side))
    shown = np.full((side, side), -1, np.int32)
    for face in range(len(faces)):
        a, b, c = places[faces[face, 0]], places[faces[face, 1]], places[faces[face, 2]]
        ax, ay = (a[0] + 1) * side / 2, (1 - a[1]) * side / 2
        bx, by = (b[0] + 1) * side / 2 - ax, (1 - b[1]) * side / 2 - ay
        cx, cy = (c[0] + 1) * side / 2 - ax, (1 - c[1]) * side / 2 - ay
        area = bx * cy - by * cx
        if area >= 0:  # turned away; rows of a picture run downwards
            continue
        left, right = math.ceil(ax + min(0.0, bx, cx) - 0.5), math.floor(ax + max(0.0, bx, cx) - 0.5)
        top, bottom = math.ceil(ay + min(0.0, by, cy) - 0.5), math.floor(ay + max(0.0, by, cy) - 0.5)
        for row in range(max(top, 0), min(bottom, side - 1) + 1):
            for column in range(max(left, 0), min(right, side - 1) + 1):
                x, y = column + 0.5 - ax, row + 0.5 - ay
                v, w = (x * cy - y * cx) / area, (bx * y - by * x) / area
                if v < 0 or w < 0 or v + w > 1:
                    continue
                near = (1 - v - w) / a[2] + v / b[2] + w / c[2]
                if near > nearest[row, column]:
                    nearest[row, column], shown[row, column] = near, face
    for row in range(side):
        for column in range(side):
            face = shown[row, column]
            if face < 0:
                continue
            x, y = ((column + 0.5) / side * 2 - 1) * scale, (1 - (row + 0.5) / side * 2) * scale
            facing = -(normals[face, 0] * x + normals[face, 1] * y + normals[face, 2]) / math.sqrt(1 + x * x + y * y)
            bright = light[face] + 0.25 * min(max(facing, 0.0), 1.0)
            for k in range(3):
                picture[row, column, k] = np.uint8(np.rint(min(clay[k] * bright, 1.0) * 255))
