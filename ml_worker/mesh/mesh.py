"""A triangle mesh, and the few exact questions the pipeline asks of one."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.distinct import distinct
from ml_worker.mesh.vectors import directions, lengths

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
        found = np.empty((len(self.faces), 3))
        _cross(self.vertices, self.faces, found)
        return found

    def areas(self) -> Floats:
        """(F,)."""
        return lengths(self.cross()) / 2

    def centres(self) -> Floats:
        """(F, 3): the mean of each face's corners."""
        found = np.empty((len(self.faces), 3))
        _mean(self.vertices, self.faces, found)
        return found

    def face_normals(self) -> Floats:
        """(F, 3) unit normals; zero for a face without area."""
        return directions(self.cross())

    def area(self) -> float:
        return float(self.areas().sum())

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


@compiled
def _cross(vertices: Floats, faces: Ints, found: Floats) -> None:
    for face in range(len(faces)):
        a, b, c = vertices[faces[face, 0]], vertices[faces[face, 1]], vertices[faces[face, 2]]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        found[face, 0], found[face, 1], found[face, 2] = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@compiled
def _mean(vertices: Floats, faces: Ints, found: Floats) -> None:
    for face in range(len(faces)):
        for k in range(3):
            found[face, k] = (
                vertices[faces[face, 0], k] + vertices[faces[face, 1], k] + vertices[faces[face, 2], k]
            ) / 3


def directed_edges(faces: Ints) -> Ints:
    """(3F, 2): every face's edges in its winding order, face after face."""
    return np.asarray(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2))


def merge_by_position(mesh: Mesh) -> Mesh:
    """What a reader sees who welds corners at the same float32 position (UV seams split them in files)."""
    single = np.ascontiguousarray(mesh.vertices, dtype=np.float32) + np.float32(0)  # -0 becomes +0
    first, number = distinct(single.view(np.uint32))
    return Mesh(np.asarray(mesh.vertices[first]), number[mesh.faces])
