"""The unwrapped mesh with its shading: what goes into the textures is worked out over it."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats, Ints, Mesh
from ml_worker.mesh.skin import Skin
from ml_worker.mesh.texels import Texels

Array = npt.NDArray[Any]


class Sheet(msgspec.Struct, frozen=True, eq=False):
    mesh: Mesh
    skin: Skin
    chart: Ints
    """(F,)."""
    texel_size: float
    """Metres."""

    def normals(self) -> Array:
        """(F, 3, 3) by face and corner."""
        return np.asarray(self.skin.normals[self.skin.faces])

    def tangents(self) -> Array:
        """(F, 3, 4) by face and corner."""
        return np.asarray(self.skin.tangents[self.skin.faces])


def blend(corners: Floats, texels: Texels) -> Array:
    """(F, 3, C) values at corners -> (T, C) float32 at texels."""
    out = np.empty((len(texels.face), corners.shape[2]), np.float32)
    _blend(np.ascontiguousarray(corners, np.float32), texels.face, texels.weights, out)
    return out


def unit(vectors: Array) -> Array:
    """(N, 3) float32 vectors, each brought to length 1 where it stands; those without length stay."""
    _normalise(vectors)
    return vectors


@compiled
def _blend(corners: Array, face: Ints, weights: Array, out: Array) -> None:
    for number in range(len(face)):
        own, u, v, w = face[number], weights[number, 0], weights[number, 1], weights[number, 2]
        for k in range(out.shape[1]):
            out[number, k] = corners[own, 0, k] * u + corners[own, 1, k] * v + corners[own, 2, k] * w


@compiled
def _normalise(vectors: Array) -> None:
    for number in range(len(vectors)):
        x, y, z = vectors[number]
        length = max(np.sqrt(x * x + y * y + z * z), np.float32(1e-9))
        vectors[number, 0], vectors[number, 1], vectors[number, 2] = x / length, y / length, z / length
