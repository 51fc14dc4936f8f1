"""Rays against a mesh by libigl's tree of boxes, where Embree has no build.

Texture and preview of a mug take about twice as long.
"""

from typing import Any

import igl
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.mesh import Mesh

Array = npt.NDArray[Any]


class TreeCaster:
    """In float64; for the meaning of the arrays see `rays.py`."""

    def __init__(self, mesh: Mesh) -> None:
        self._vertices = np.ascontiguousarray(mesh.vertices, np.float64)
        self._faces = np.ascontiguousarray(mesh.faces, np.int64)
        self._tree = igl.AABB()
        self._tree.init(self._vertices, self._faces)

    def first_hit(self, origins: Array, directions: Array) -> tuple[Array, Array, Array]:
        return self._ask(origins, directions, np.inf)

    def distances(self, origins: Array, directions: Array, far: float) -> Array:
        face, distance, _ = self._ask(origins, directions, far)
        return np.asarray(np.where(face >= 0, np.minimum(distance, far), far))

    def _ask(self, origins: Array, directions: Array, far: float) -> tuple[Array, Array, Array]:
        # NaN stands where a ray hits nothing, which would spread through sums that are masked later.
        face, distance, weights = self._tree.intersect_ray_first(
            self._vertices,
            self._faces,
            np.ascontiguousarray(origins, np.float64),
            np.ascontiguousarray(directions, np.float64),
            far,
        )
        return face, np.nan_to_num(distance, nan=np.inf), np.nan_to_num(weights)
