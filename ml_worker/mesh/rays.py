"""Rays against a mesh: what they hit, and how much of the sky a point sees.

Embree asks the mesh where there is a build of it (`rays_embree.py`), elsewhere libigl (`rays_igl.py`): Linux on aarch64
has none. Both give the same hits, but for rounding.
"""

from importlib.util import find_spec
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.mesh import Mesh

Array = npt.NDArray[Any]
MISS: Final = -1


class Caster(Protocol):
    """One mesh, ready to be asked."""

    def first_hit(self, origins: Array, directions: Array) -> tuple[Array, Array, Array]: ...

    def distances(self, origins: Array, directions: Array, far: float) -> Array: ...


class Rays:
    """A mesh that can be asked. Lengths in the mesh's unit; `far` bounds the rays."""

    def __init__(self, mesh: Mesh) -> None:
        self.size = float(np.ptp(mesh.vertices, axis=0).max())
        self._caster = _caster(mesh)

    def first_hit(self, origins: Array, directions: Array) -> tuple[Array, Array, Array]:
        """(N, 3) each -> face (N,) int or MISS, distance (N,), and (N, 2) the weights of the 2nd and 3rd corner.

        Distance and weights of a miss mean nothing.
        """
        return self._caster.first_hit(origins, directions)

    def distances(self, origins: Array, directions: Array, far: float) -> Array:
        """(N,) distance to the first hit, at most `far`."""
        return self._caster.distances(origins, directions, far)


def _caster(mesh: Mesh) -> Caster:
    if find_spec("embreex") is not None:
        from ml_worker.mesh.rays_embree import EmbreeCaster

        return EmbreeCaster(mesh)
    from ml_worker.mesh.rays_igl import TreeCaster

    return TreeCaster(mesh)


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
