"""What a mesher leaves behind that no person asked for: crumbs, closed hollows, and corners that touch.

Crumbs are flecks of a feature thinner than the lattice; hollows are inner surfaces that nobody can see or print out
of. Two corners of different sheets at one position make an edge or a point that belongs to both, which is no 2-manifold
for a reader who welds by position; they are drawn apart by a hair.
"""

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.components import components
from ml_worker.mesh.distinct import distinct
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.simplify import degenerate

CRUMB = 0.05
"""Pieces whose diagonal is below this share of the largest piece's are crumbs."""
HAIR = 2e-5
"""How far touching corners are drawn apart, as a share of the longest side."""
ROUNDS = 4


def without_crumbs(mesh: Mesh) -> Mesh:
    """Only the pieces that are part of the object: outward surfaces of a size that counts."""
    a, b = mesh.faces[:, [0, 1]].ravel(), mesh.faces[:, [1, 2]].ravel()
    count, piece = components(len(mesh.vertices), a, b)
    if count == 1:
        return mesh
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, piece, mesh.vertices)
    np.maximum.at(high, piece, mesh.vertices)
    diagonal = np.linalg.norm(high - low, axis=1)
    owner = piece[mesh.faces[:, 0]]
    points = mesh.corners() - mesh.vertices.mean(axis=0)
    parts = np.einsum("ij,ij->i", points[:, 0], np.cross(points[:, 1], points[:, 2])) / 6
    volume = np.bincount(owner, parts, minlength=count)
    keep = (volume > 0) & (diagonal >= CRUMB * diagonal[volume > 0].max(initial=0.0))
    return mesh if keep.all() else Mesh(mesh.vertices, mesh.faces[keep[owner]]).compact()


def drawn_apart(mesh: Mesh) -> Mesh:
    """No two corners at one float32 position, no face without area: corners at fault step back into their own sheet."""
    for _ in range(ROUNDS):
        at_fault = _touching(mesh) | _flat(mesh)
        if not at_fault.any():
            break
        mesh = _stepped_back(mesh, at_fault)
    return mesh


def _touching(mesh: Mesh) -> npt.NDArray[np.bool_]:
    single = np.ascontiguousarray(mesh.vertices, dtype=np.float32) + np.float32(0)
    _, number = distinct(single.view(np.uint32))
    return np.asarray(np.bincount(number)[number] > 1)


def _flat(mesh: Mesh) -> npt.NDArray[np.bool_]:
    """Of each face without area, the corner that lies on the line between the other two."""
    rows = np.flatnonzero(degenerate(mesh))
    found = np.zeros(len(mesh.vertices), bool)
    points = mesh.corners()[rows]
    opposite = np.linalg.norm(np.roll(points, -1, axis=1) - np.roll(points, 1, axis=1), axis=2).argmax(axis=1)
    found[mesh.faces[rows, opposite]] = True
    return found


def _stepped_back(mesh: Mesh, which: npt.NDArray[np.bool_]) -> Mesh:
    normals = np.zeros_like(mesh.vertices)
    cross = mesh.cross()
    for corner in range(3):
        np.add.at(normals, mesh.faces[:, corner], cross)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    inward = -np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)
    step = HAIR * float(np.ptp(mesh.vertices, axis=0).max())
    vertices = mesh.vertices.copy()
    vertices[which] += inward[which] * step
    return Mesh(vertices, mesh.faces)
