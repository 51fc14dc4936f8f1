"""Rays against a mesh (Embree): what they hit, and how much of the sky a point sees."""

from typing import Any

import numpy as np
import numpy.typing as npt
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from ml_worker.mesh.mesh import Mesh

Array = npt.NDArray[Any]
MISS = -1


class Rays:
    """A mesh that can be asked. Lengths in the mesh's unit; `far` bounds the rays."""

    def __init__(self, mesh: Mesh) -> None:
        self.size = float(np.ptp(mesh.vertices, axis=0).max())
        self._scene = EmbreeScene()
        self._triangles = TriangleMesh(self._scene, np.ascontiguousarray(mesh.corners(), np.float32))

    def first_hit(self, origins: Array, directions: Array) -> tuple[Array, Array, Array]:
        """(N, 3) each -> face (N,) int32 or MISS, distance (N,), and (N, 2) the weights of the 2nd and 3rd corner."""
        found = self._scene.run(
            np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32), output=True
        )
        return found["primID"], found["tfar"], np.stack([found["u"], found["v"]], axis=1)

    def distances(self, origins: Array, directions: Array, far: float) -> Array:
        """(N,) distance to the first hit, at most `far`."""
        found = self._scene.run(
            np.ascontiguousarray(origins, np.float32),
            np.ascontiguousarray(directions, np.float32),
            dists=np.full(len(origins), far, np.float32),
            query="DISTANCE",
        )
        return np.asarray(np.minimum(found, far))


def hemisphere(count: int) -> Array:
    """(count, 3) directions around +Z, denser towards it by the cosine, evenly spread (Fibonacci)."""
    index = np.arange(count) + 0.5
    radius = np.sqrt(index / count)
    turn = index * np.pi * (3 - 5**0.5)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), np.sqrt(1 - index / count)], axis=1)


def frames(normals: Array) -> tuple[Array, Array]:
    """Two unit vectors square to each normal and to each other (Duff et al., JCGT 2017)."""
    x, y, z = normals.T
    sign = np.where(z >= 0, 1.0, -1.0)
    a = -1 / (sign + z)
    b = x * y * a
    return (
        np.stack([1 + sign * x * x * a, sign * b, -sign * x], axis=1),
        np.stack([b, sign + y * y * a, -y], axis=1),
    )


def openness(rays: Rays, points: Array, normals: Array, count: int, reach: float) -> Array:
    """(N,) 0..1: how much of the sky each point sees, near obstacles within `reach` counting most.

    Every point uses the same set of directions, so there is no noise; what is left is smooth and deterministic.
    """
    right, up = frames(normals)
    total = np.zeros(len(points))
    start = points + normals * (rays.size * 2e-4)
    for x, y, z in hemisphere(count):
        direction = right * x + up * y + normals * z
        near = 1 - rays.distances(start, direction, reach) / reach
        total += near * near
    return 1 - total / count
