"""A finished model, ready to be written in any format: corners as files want them, and encoded pictures."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.bake import Maps
from ml_worker.mesh.mesh import Ints, Mesh
from ml_worker.mesh.parts import Parts
from ml_worker.mesh.pictures import Picture
from ml_worker.mesh.skin import Skin

Array = npt.NDArray[Any]


class Asset(msgspec.Struct, frozen=True, eq=False):
    """One textured object: metres, Y up. Corners are split where normals or texture coordinates part."""

    name: str
    positions: Array
    """(N, 3) float32. Corners that were one vertex still have exactly the same position."""
    normals: Array
    """(N, 3) float32, unit."""
    tangents: Array
    """(N, 4) float32: unit, and the hand of the bitangent."""
    uvs: Array
    """(N, 2) float32, 0..1, origin at the top left."""
    faces: Ints
    """(F, 3) int32."""
    solid: Mesh
    """The same surface with shared vertices."""
    color: Picture
    surface: Picture
    normal: Picture | None
    parts: Parts
    maps: Maps


def assemble(name: str, mesh: Mesh, skin: Skin, maps: Maps) -> Asset:
    return Asset(
        name=name,
        positions=mesh.vertices[skin.vertex].astype(np.float32) + np.float32(0),  # -0 becomes +0
        normals=skin.normals,
        tangents=skin.tangents,
        uvs=skin.uvs,
        faces=skin.faces,
        solid=mesh,
        color=maps.pictures.color,
        surface=maps.pictures.surface,
        normal=maps.pictures.normal,
        parts=maps.parts,
        maps=maps,
    )
