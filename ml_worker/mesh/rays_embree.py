"""Rays against a mesh by Embree (package embreex)."""

from typing import Any

import numpy as np
import numpy.typing as npt
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from ml_worker.mesh.mesh import Mesh

Array = npt.NDArray[Any]


class EmbreeCaster:
    """In float32; for the meaning of the arrays see `rays.py`."""

    def __init__(self, mesh: Mesh) -> None:
        self._scene = EmbreeScene()
        vertices, faces = np.ascontiguousarray(mesh.vertices, np.float32), np.ascontiguousarray(mesh.faces, np.int32)
        self._triangles = TriangleMesh(self._scene, vertices, faces)

    def first_hit(self, origins: Array, directions: Array) -> tuple[Array, Array, Array]:
        found = self._scene.run(
            np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32), output=True
        )
        return found["primID"], found["tfar"], np.stack([found["u"], found["v"]], axis=1)

    def distances(self, origins: Array, directions: Array, far: float) -> Array:
        found = self._scene.run(
            np.ascontiguousarray(origins, np.float32),
            np.ascontiguousarray(directions, np.float32),
            dists=np.full(len(origins), far, np.float32),
            query="DISTANCE",
        )
        return np.asarray(np.minimum(found, far))
