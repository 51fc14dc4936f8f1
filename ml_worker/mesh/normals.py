"""Shading normals: smooth where the surface is smooth, parted where it has an edge."""

import numpy as np

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.components import components
from ml_worker.mesh.lattice import Field
from ml_worker.mesh.mesh import Floats, Ints, Mesh

CREASE = np.cos(np.radians(32))
"""Two faces whose normals at a shared corner differ by more than this keep an edge between them."""
INWARD = 0.08
"""Where, between a corner and its face's centre, the exact normal is asked: on the face, off the edge."""
TRUST = np.cos(np.radians(30))
"""An exact normal farther than this from its face's own belongs to another side of an edge."""
ASKEW = np.cos(np.radians(60))
LINE = 0.08
"""Faces lower than this share of their longest side: their own normals are mostly rounding."""
LEAN = np.cos(np.radians(9))
"""A face whose own normal near a corner leans farther from the shared one than this keeps its own: a long face that
reaches from a wall a little way up a round rim would else carry the rim's shine down the wall."""
LARGE = 0.3
"""Share of the largest face at a vertex from which a face counts as one of the large ones."""
WHOLE = 0.93
"""An exact normal was asked too near to an edge when its slope is below this share of its face's steepest."""


def twin_corners(faces: Ints) -> tuple[Ints, Ints]:
    """Pairs of corners (numbers 3 face + k) that sit at the same end of an edge shared by two faces."""
    corner = np.ascontiguousarray(faces, np.int32).ravel()
    one, two = _twin_edges(corner, int(corner.max()) + 1)
    return np.concatenate([one, _next(one)]), np.concatenate([_next(two), two])


def _next(corner: Ints) -> Ints:
    """The corner that follows in its face."""
    return np.asarray(corner - corner % 3 + (corner + 1) % 3)


@compiled
def _twin_edges(corner: Ints, vertices: int) -> tuple[Ints, Ints]:
    """Pairs of corners at which edges begin that run against each other; `corner`: (3F,) the vertex at each."""
    # The edges that begin at a vertex hang on a chain: vertices have few.
    head, link = np.full(vertices, -1, np.int32), np.empty(len(corner), np.int32)
    for edge in range(len(corner) - 1, -1, -1):
        link[edge], head[corner[edge]] = head[corner[edge]], edge
    one, two = np.empty(len(corner), np.int64), np.empty(len(corner), np.int64)
    count = 0
    for edge in range(len(corner)):
        start, stop = corner[edge], corner[edge - edge % 3 + (edge + 1) % 3]
        if start >= stop:
            continue
        other = head[stop]
        while other >= 0:
            if corner[other - other % 3 + (other + 1) % 3] == start:
                one[count], two[count] = edge, other
                count += 1
                break
            other = link[other]
    return one[:count].copy(), two[:count].copy()


def face_neighbours(faces: Ints) -> tuple[Ints, Ints]:
    """Pairs of faces that share an edge, each pair once."""
    one, two = twin_corners(faces)
    half = len(one) // 2
    return one[:half] // 3, two[:half] // 3


def corner_normals(mesh: Mesh, field: Field | None = None, reach: float = 1e-4) -> tuple[Floats, Ints]:
    """(3F, 3) unit normals by corner, and (3F,) which corners of a vertex share one.

    With a field, normals are the surface's own (`reach` metres: the size of its differences); without, the faces'.
    """
    own = np.repeat(mesh.face_normals(), 3, axis=0)
    one, two = twin_corners(mesh.faces)
    normals, weight = own, _angles(mesh).ravel()
    if field is not None:
        points = mesh.corners()
        asked = points + (points.mean(axis=1, keepdims=True) - points) * INWARD
        slope = field.slope(asked.reshape(-1, 3), reach)
        strength = np.linalg.norm(slope, axis=1)
        exact = slope / np.maximum(strength, 1e-9)[:, None]
        whole = strength > WHOLE * np.repeat(strength.reshape(-1, 3).max(axis=1), 3)
        turn = np.einsum("ij,ij->i", exact, own)
        trusted = whole & (turn > TRUST)
        # Over a small round edge faces lie askew, and one that is nearly a line has no normal worth the name: the
        # exact one will do if a neighbour bears it out.
        agree = whole[one] & whole[two] & (np.einsum("ij,ij->i", exact[one], exact[two]) > CREASE)
        askew = (turn > ASKEW) | np.repeat(_slenderness(mesh) < LINE, 3)
        borne_out = trusted.copy()
        borne_out[one[agree & trusted[two] & askew[one]]] = True
        borne_out[two[agree & trusted[one] & askew[two]]] = True
        normals = np.where(borne_out[:, None], exact, own)
        weight = np.where(trusted, weight, weight * 1e-3)
    alike = np.einsum("ij,ij->i", normals[one], normals[two]) > CREASE
    _, group = components(len(normals), one[alike], two[alike])

    total = np.stack([np.bincount(group, normals[:, k] * weight) for k in range(3)], axis=1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    shared = np.divide(total, length, out=np.zeros_like(total), where=length > 1e-9)[group]
    if field is not None:
        shared = _exact_where_smooth(mesh, shared, group, field, reach)
        shared, group = _long_faces_first(mesh, normals, shared, group)
    lost = np.linalg.norm(shared, axis=1) < 0.5
    shared[lost] = own[lost]
    return shared, group.astype(np.int32)


def _long_faces_first(mesh: Mesh, normals: Floats, shared: Floats, group: Ints) -> tuple[Floats, Ints]:
    """Where a face's own normal leans too far from the shared one, large faces say what is shared, as they show it
    farthest; one of them that still leans too far, among others as large, keeps its own.
    """
    area = np.repeat(np.linalg.norm(mesh.cross(), axis=1), 3)
    count = int(group.max()) + 1
    leaning = np.zeros(count, np.bool_)
    leaning[group[np.einsum("ij,ij->i", normals, shared) < LEAN]] = True
    corners = np.flatnonzero(leaning[group])
    if not len(corners):
        return shared, group
    own, area, owner = normals[corners], area[corners], group[corners]
    total = np.stack([np.bincount(owner, own[:, k] * area, count) for k in range(3)], axis=1)
    mean = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-30)
    shared[corners] = mean[owner]
    largest = np.zeros(count)
    np.maximum.at(largest, owner, area)
    parted = corners[(np.einsum("ij,ij->i", own, shared[corners]) < LEAN) & (area > LARGE * largest[owner])]
    shared[parted] = normals[parted]
    group = group.copy()
    group[parted] = count + np.arange(len(parted))
    return shared, group


def _slenderness(mesh: Mesh) -> Floats:
    """(F,) each face's height over its longest side."""
    points = mesh.corners()
    longest = np.linalg.norm(np.roll(points, -1, axis=1) - points, axis=2).max(axis=1)
    return np.asarray(np.linalg.norm(mesh.cross(), axis=1) / np.maximum(longest**2, 1e-30))


def _exact_where_smooth(mesh: Mesh, shared: Floats, group: Ints, field: Field, reach: float) -> Floats:
    """The surface's normal at the very vertex, for vertices that no edge runs through.

    A mean would lean towards whichever faces are many: where a round rim meets a long wall, the rim's.
    """
    slope = field.slope(mesh.vertices, reach)
    strength = np.linalg.norm(slope, axis=1)
    vertex = mesh.faces.ravel()
    fans = np.zeros(len(mesh.vertices), np.int64)
    _, first = np.unique(group, return_index=True)
    np.add.at(fans, vertex[first], 1)
    exact = (slope / np.maximum(strength, 1e-9)[:, None])[vertex]
    smooth = (fans[vertex] == 1) & (np.einsum("ij,ij->i", exact, shared) > CREASE)
    return np.asarray(np.where(smooth[:, None], exact, shared))


def _angles(mesh: Mesh) -> Floats:
    """(F, 3): the angle of each face at each of its corners."""
    points = mesh.corners()
    sides = np.roll(points, -1, axis=1) - points
    sides = sides / np.maximum(np.linalg.norm(sides, axis=2, keepdims=True), 1e-30)
    cosine = -np.einsum("fki,fki->fk", sides, np.roll(sides, 1, axis=1))
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))
