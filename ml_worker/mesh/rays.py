"""Rays against a mesh: what they hit, and how much of the sky a point sees.

Embree asks the mesh where there is a build of it (`rays_embree.py`), elsewhere libigl (`rays_igl.py`): Linux on aarch64
has none. Both give the same hits, but for rounding.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.lane import Lane
from ml_worker.mesh.mesh import Mesh

Array = npt.NDArray[Any]
MISS: Final = -1
SHARES: Final = 4
"""In which the points that look at the sky are handed out: nobody waits long for the last one."""


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


def openness(
    rays: Rays, points: Array, normals: Array, count: int, reach: float,
    around: Callable[[Array], Array] | None = None, lane: Lane | None = None,
) -> Array:  # fmt: skip
    """(N,) 0..1: how much of the sky each point sees, near obstacles within `reach` counting most.

    Every point uses the same set of directions, so there is no noise; what is left is smooth and deterministic. With
    `around` (N,) bool -> (N,) bool, those points and the ones beside them, only a third of the directions is asked
    where neither a point nor those beside it meet anything in these. `lane`: shares the points out.
    """
    total = np.zeros(len(points), np.float32)
    directions = hemisphere(count).astype(np.float32)
    thirds = np.arange(count) % 3 == 1
    which = np.arange(len(points))

    def darken(share: Array, part: Array) -> None:
        own = np.ascontiguousarray(normals[share], np.float32)
        start = np.asarray(points[share] + own * np.float32(rays.size * 2e-4), np.float32)
        right, up = (np.ascontiguousarray(axis, np.float32) for axis in frames(own))
        towards, dark = np.empty_like(own), total[share]
        for direction in part:
            _turned(right, up, own, direction, towards)
            _shaded(rays.distances(start, towards, reach), np.float32(reach), dark)
        total[share] = dark

    for part in (directions[thirds], directions[~thirds]):
        (lane or Lane()).each(partial(darken, part=part), np.array_split(which, SHARES))
        which = which if around is None else np.flatnonzero(around(total > 0))
    return 1 - total / np.float32(count)


@compiled
def _turned(right: Array, up: Array, normals: Array, towards: Array, direction: Array) -> None:
    x, y, z = towards
    for number in range(len(normals)):
        for k in range(3):
            direction[number, k] = right[number, k] * x + up[number, k] * y + normals[number, k] * z


@compiled
def _shaded(distance: Array, reach: np.float32, total: Array) -> None:
    for number in range(len(distance)):
        near = np.float32(1) - np.float32(distance[number]) / reach
        total[number] += near * near
