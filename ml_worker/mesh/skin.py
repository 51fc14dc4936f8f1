"""The mesh as files and shaders want it: corners split where normals or texture coordinates part."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.distinct import distinct
from ml_worker.mesh.mesh import Floats, Ints, Mesh
from ml_worker.mesh.tangents import tangents
from ml_worker.mesh.vectors import directions

Array = npt.NDArray[Any]


class Skin(msgspec.Struct, frozen=True, eq=False):
    vertex: Ints
    """(N,): the mesh's vertex that each corner was."""
    normals: Array
    """(N, 3) float32, unit."""
    tangents: Array
    """(N, 4) float32: unit, and the hand of the bitangent."""
    uvs: Array
    """(N, 2) float32, 0..1, origin at the top left."""
    faces: Ints
    """(F, 3) int32."""


def skin(mesh: Mesh, normals: Floats, group: Ints, chart: Ints, uvs: Floats) -> Skin:
    """`normals` (3F, 3), `group` (3F,), `uvs` (3F, 2) by corner; `chart` (F,)."""
    # Numbered as the faces first name them: neighbours in use become neighbours in memory.
    first, number = distinct(np.stack([mesh.faces.ravel(), group, np.repeat(chart, 3)], axis=1))
    faces = number.reshape(-1, 3)
    vertex = mesh.faces.ravel()[first]
    unit = directions(normals[first].astype(np.float32))
    inside = np.clip(uvs[first], 0, 1).astype(np.float32)
    return Skin(vertex, unit, tangents(mesh.vertices[vertex], unit, inside, faces), inside, faces)
