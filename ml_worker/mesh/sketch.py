"""An early picture of a model: its bare surface in clay, seen from where the final picture will be taken."""

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.assets import encode
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.preview import SIZE, aim, backdrop
from ml_worker.mesh.rays import MISS, Rays
from ml_worker.mesh.studio import KEY

Array = npt.NDArray[Any]
SIDE: Final = 384
"""Pixels: half of the final picture's side, so a quarter of its rays, and no shadows."""
CLAY: Final = np.array([0.80, 0.79, 0.77], np.float32)
"""sRGB of the clay in full light."""


@cache
def _pixels() -> tuple[Array, Array, Array]:
    """Columns, rows, and the colours behind them."""
    y, x = ((grid.ravel() + 0.5) * (SIZE / SIDE) for grid in np.mgrid[0:SIDE, 0:SIDE])
    return x, y, backdrop(x, y).astype(np.float32)


def sketch(mesh: Mesh, rays: Rays) -> bytes:
    """A PNG of SIDE x SIDE pixels. `rays`: against `mesh`."""
    camera = aim(mesh.vertices)
    x, y, behind = _pixels()
    directions = camera.rays(x, y)
    face, _, _ = rays.first_hit(np.broadcast_to(camera.eye, directions.shape), directions)
    picture = behind.copy()
    seen = np.flatnonzero(face != MISS)
    normal = mesh.face_normals()[face[seen]]
    facing = -np.einsum("ij,ij->i", normal, directions[seen])
    light = 0.3 + 0.45 * np.clip(normal @ KEY, 0, 1) + 0.25 * np.clip(facing, 0, 1)
    picture[seen] = CLAY * light[:, None].astype(np.float32)
    return encode(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8).reshape(SIDE, SIDE, 3), lossless=True).data
