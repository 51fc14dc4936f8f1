"""A triangle mesh, and the few exact questions the pipeline asks of one."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.distinct import distinct

Floats = npt.NDArray[Any]
Ints = npt.NDArray[Any]
"""Arrays of floating point and of integer numbers; docstrings give shape and width."""


class Mesh(msgspec.Struct, frozen=True, eq=False):
    """Triangles over shared corners: metres, Y up, counter-clockwise seen from outside."""

    vertices: Floats
    """(V, 3) float64."""
    faces: Ints
    """(F, 3) int32."""

    def corners(self) -> Floats:
        """(F, 3, 3): the corner points of each face."""
        return np.take(self.vertices, self.faces, axis=0)

    def cross(self) -> Floats:
        """(F, 3): the face normals, of length twice the face's area."""
        points = self.corners()
        return crossed(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])

    def face_normals(self) -> Floats:
        """(F, 3) unit normals; zero for a face without area."""
        cross = self.cross()
        length = np.linalg.norm(cross, axis=1, keepdims=True)
        return np.asarray(np.divide(cross, length, out=np.zeros_like(cross), where=length > 0))

    def area(self) -> float:
        return float(np.linalg.norm(self.cross(), axis=1).sum() / 2)

    def volume(self) -> float:
        """By the divergence theorem; positive when the faces are wound outwards."""
        points = self.corners() - self.vertices.mean(axis=0)
        return float(np.einsum("ij,ij->i", points[:, 0], np.cross(points[:, 1], points[:, 2])).sum() / 6)

    def bounds(self) -> Floats:
        """(2, 3): the lower and the upper corner."""
        return np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)])

    def used(self) -> npt.NDArray[np.bool_]:
        """(V,): the vertices that a face uses."""
        used = np.zeros(len(self.vertices), np.bool_)
        _mark(self.faces, used)
        return used

    def compact(self) -> "Mesh":
        """Without the vertices that no face uses; the order of the others is kept."""
        used = self.used()
        if used.all():
            return self
        number = np.cumsum(used, dtype=np.int32) - 1
        return Mesh(self.vertices[used], np.take(number, self.faces))


@compiled
def _mark(faces: Ints, used: npt.NDArray[np.bool_]) -> None:
    for face in range(len(faces)):
        for corner in range(3):
            used[faces[face, corner]] = True


def crossed(one: Floats, two: Floats) -> Floats:
    """(N, 3) x (N, 3) -> (N, 3) cross products; several times faster than np.cross."""
    (a, b, c), (x, y, z) = one.T, two.T
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x], axis=1)


def directed_edges(faces: Ints) -> Ints:
    """(3F, 2): every face's edges in its winding order, face after face."""
    return np.asarray(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2))


def merge_by_position(mesh: Mesh) -> Mesh:
    """What a reader sees who welds corners at the same float32 position (UV seams split them in files)."""
    single = np.ascontiguousarray(mesh.vertices, dtype=np.float32) + np.float32(0)  # -0 becomes +0
    first, number = distinct(single.view(np.uint32))
    return Mesh(np.asarray(mesh.vertices[first]), number[mesh.faces])
