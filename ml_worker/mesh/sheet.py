"""The unwrapped mesh with its shading: what goes into the textures is worked out over it."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

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
    single = corners.astype(np.float32)
    total = single[texels.face, 0] * texels.weights[:, :1]
    for corner in (1, 2):
        total += single[texels.face, corner] * texels.weights[:, corner : corner + 1]
    return np.asarray(total)
