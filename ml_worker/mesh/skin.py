"""The mesh as files and shaders want it: corners split where normals or texture coordinates part."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.mesh import Floats, Ints, Mesh
from ml_worker.mesh.tangents import tangents

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
    key = np.stack([mesh.faces.ravel(), group, np.repeat(chart, 3)], axis=1).astype(np.int64)
    packed = (key[:, 0] * (int(group.max()) + 1) + key[:, 1]) * (int(chart.max()) + 1) + key[:, 2]
    _, first, number = np.unique(packed, return_index=True, return_inverse=True)
    order, faces = _reading_order(number.reshape(-1, 3).astype(np.int32))
    first = first[order]
    vertex = mesh.faces.ravel()[first]
    unit = normals[first].astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    inside = np.clip(uvs[first], 0, 1).astype(np.float32)
    return Skin(vertex, unit, tangents(mesh.vertices[vertex], unit, inside, faces), inside, faces)


def _reading_order(faces: Ints) -> tuple[Ints, Ints]:
    """Number the vertices as the faces first name them: neighbours in use become neighbours in memory."""
    flat = faces.ravel()
    _, first = np.unique(flat, return_index=True)
    order = flat[np.sort(first)]
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return order, number[faces]
