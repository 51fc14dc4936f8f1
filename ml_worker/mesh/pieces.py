"""Which faces belong to one piece (a leg, a board), and which way the piece is long: grain runs along it."""

import numpy as np

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.components import components
from ml_worker.mesh.mesh import Floats, Ints, Mesh
from ml_worker.mesh.normals import face_neighbours
from ml_worker.mesh.vectors import dots

BEND = np.cos(np.radians(25))
"""A hollow edge sharper than this is where two pieces meet."""
CLEAR = 1.08
"""An axis must be this much longer than the next to count as the longest; else X, Y, Z go first in this order."""


def longest_axes(mesh: Mesh, region: Ints) -> Ints:
    """(F,) 0..2: the axis along which each face's piece is longest. `region`: (F,) numbers that pieces do not cross."""
    one, two = face_neighbours(mesh.faces)
    normals = mesh.face_normals()
    centres = mesh.centres()
    hollow = dots(centres[two] - centres[one], normals[one]) > 0
    sharp = dots(normals[one], normals[two]) < BEND
    linked = (region[one] == region[two]) & ~(hollow & sharp)
    count, piece = components(len(mesh.faces), one[linked], two[linked])
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    _enclose(mesh.vertices, mesh.faces, piece, low, high)
    return np.asarray(_longest(high - low)[piece])


@compiled
def _enclose(vertices: Floats, faces: Ints, piece: Ints, low: Floats, high: Floats) -> None:
    for face in range(len(faces)):
        for corner in range(3):
            for k in range(3):
                place = vertices[faces[face, corner], k]
                low[piece[face], k] = min(low[piece[face], k], place)
                high[piece[face], k] = max(high[piece[face], k], place)


def _longest(extent: Floats) -> Ints:
    preference = np.array([CLEAR**2, CLEAR, 1.0])
    return np.asarray((extent * preference).argmax(axis=1))
