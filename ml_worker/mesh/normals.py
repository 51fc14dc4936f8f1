"""Shading normals: smooth where the surface is smooth, parted where it has an edge."""

import numpy as np

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.components import components
from ml_worker.mesh.lattice import Field
from ml_worker.mesh.mesh import Floats, Ints, Mesh
from ml_worker.mesh.vectors import directions, dots, lengths

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
        asked = points + (mesh.centres()[:, None] - points) * INWARD
        # The vertices too, as a field is soonest asked for many places together.
        slopes = field.slope(np.concatenate([asked.reshape(-1, 3), mesh.vertices]), reach)
        slope, at_vertices = np.split(slopes, [len(own)])
        strength, exact = lengths(slope), directions(slope)
        whole = strength > WHOLE * np.repeat(np.maximum(np.maximum(strength[::3], strength[1::3]), strength[2::3]), 3)
        turn = dots(exact, own)
        trusted = whole & (turn > TRUST)
        # Over a small round edge faces lie askew, and one that is nearly a line has no normal worth the name: the
        # exact one will do if a neighbour bears it out.
        agree = whole[one] & whole[two] & (dots(exact[one], exact[two]) > CREASE)
        askew = (turn > ASKEW) | np.repeat(_slenderness(mesh) < LINE, 3)
        borne_out = trusted.copy()
        borne_out[one[agree & trusted[two] & askew[one]]] = True
        borne_out[two[agree & trusted[one] & askew[two]]] = True
        normals = np.where(borne_out[:, None], exact, own)
        weight = np.where(trusted, weight, weight * 1e-3)
    alike = dots(normals[one], normals[two]) > CREASE
    _, group = components(len(normals), one[alike], two[alike])

    total = np.stack([np.bincount(group, normals[:, k] * weight) for k in range(3)], axis=1)
    length = lengths(total)[:, None]
    shared = np.divide(total, length, out=np.zeros_like(total), where=length > 1e-9)[group]
    if field is not None:
        shared = _exact_where_smooth(mesh, shared, group, directions(at_vertices))
        shared, group = _long_faces_first(mesh, normals, shared, group)
    lost = lengths(shared) < 0.5
    shared[lost] = own[lost]
    return shared, group.astype(np.int32)


def _long_faces_first(mesh: Mesh, normals: Floats, shared: Floats, group: Ints) -> tuple[Floats, Ints]:
    """Where a face's own normal leans too far from the shared one, large faces say what is shared, as they show it
    farthest; one of them that still leans too far, among others as large, keeps its own.
    """
    area = np.repeat(mesh.areas(), 3)
    count = int(group.max()) + 1
    leaning = np.zeros(count, np.bool_)
    leaning[group[dots(normals, shared) < LEAN]] = True
    corners = np.flatnonzero(leaning[group])
    if not len(corners):
        return shared, group
    own, area, owner = normals[corners], area[corners], group[corners]
    total = np.stack([np.bincount(owner, own[:, k] * area, count) for k in range(3)], axis=1)
    shared[corners] = directions(total)[owner]
    largest = np.zeros(count)
    np.maximum.at(largest, owner, area)
    parted = corners[(dots(own, shared[corners]) < LEAN) & (area > LARGE * largest[owner])]
    shared[parted] = normals[parted]
    group = group.copy()
    group[parted] = count + np.arange(len(parted))
    return shared, group


def _slenderness(mesh: Mesh) -> Floats:
    """(F,) each face's height over its longest side."""
    longest = np.maximum.reduce([lengths(side) for side in _sides(mesh)])
    return np.asarray(2 * mesh.areas() / np.maximum(longest**2, 1e-30))


def _exact_where_smooth(mesh: Mesh, shared: Floats, group: Ints, at_vertices: Floats) -> Floats:
    """The surface's normal at the very vertex (V, 3), for vertices that no edge runs through.

    A mean would lean towards whichever faces are many: where a round rim meets a long wall, the rim's.
    """
    vertex = mesh.faces.ravel()
    exact = at_vertices[vertex]
    fans = np.zeros(len(mesh.vertices), np.int32)
    _count_fans(vertex, group, int(group.max()) + 1, fans)
    smooth = (fans[vertex] == 1) & (dots(exact, shared) > CREASE)
    return np.asarray(np.where(smooth[:, None], exact, shared))


@compiled
def _count_fans(vertex: Ints, group: Ints, groups: int, fans: Ints) -> None:
    """How many normals each vertex has: `vertex` and `group` by corner."""
    seen = np.zeros(groups, np.bool_)
    for corner in range(len(vertex)):
        if not seen[group[corner]]:
            seen[group[corner]] = True
            fans[vertex[corner]] += 1


def _angles(mesh: Mesh) -> Floats:
    """(F, 3): the angle of each face at each of its corners."""
    first, second, third = (directions(side) for side in _sides(mesh))
    cosine = -np.stack([dots(first, third), dots(second, first), dots(third, second)], axis=1)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def _sides(mesh: Mesh) -> tuple[Floats, Floats, Floats]:
    """(F, 3) each: from the first corner to the second, on to the third, and back."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return b - a, c - b, a - c
