"""The many faces of flat and straight parts taken away, before a careful simplification looks at what is left.

A vertex slides along an edge into a neighbour where that moves the surface by next to nothing: the neighbour must lie
in the planes of all faces around the vertex, which is so inside flat parts and along straight edges and creases. A
closed 2-manifold stays one (link condition: Dey et al., Topology Preserving Edge Contraction, 1999).
"""

import numpy as np

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats, Ints, Mesh

ROUNDS = 4
WORTH = 0.04
"""A round that takes away a smaller share of the faces is the last."""
MOST = 28
"""Faces around a vertex: long fans are costly to walk around, and ugly."""
TURN = 0.94
"""Least cosine between a face before and after (20 degrees)."""
SHAPE = 0.05
"""Least ratio of twice a new face's area to the square of its longest side, unless the old faces were worse."""


def thinned(mesh: Mesh, tolerance: float) -> Mesh:
    """Vertices that stay keep their places. `tolerance`: metres, for all that slides into one vertex together."""
    points, faces = np.ascontiguousarray(mesh.vertices, np.float64), np.array(mesh.faces, np.int32, order="C")
    head, link = np.full(len(points), -1, np.int32), np.empty(faces.size, np.int32)
    _chain(faces, head, link)
    drift, count = np.zeros(len(points)), len(faces)
    for _ in range(ROUNDS):
        stamp = np.full(len(points), -1, np.int32)
        gone = _slide(points, faces, head, link, drift, stamp, tolerance)
        count -= gone
        if gone < WORTH * count:
            break
    return Mesh(mesh.vertices, faces[faces[:, 0] >= 0]).compact()


@compiled
def _chain(faces: Ints, head: Ints, link: Ints) -> None:
    """The corners at each vertex hang on a chain."""
    corner = faces.reshape(-1)
    for at in range(len(corner) - 1, -1, -1):
        link[at], head[corner[at]] = head[corner[at]], at


@compiled
def _slide(points: Floats, faces: Ints, head: Ints, link: Ints, drift: Floats, stamp: Ints, tolerance: float) -> int:
    """One round over the vertices; dead faces get -1 for their first vertex. Returns how many died."""
    gone = 0
    around, after, before = np.empty(MOST, np.int32), np.empty(MOST, np.int32), np.empty(MOST, np.int32)
    normal = np.empty((MOST, 3))
    for vertex in range(len(points)):
        count = _fan(points, faces, head, link, vertex, around, after, before, normal)
        if count < 3:
            continue
        chosen = _choose(points, vertex, count, after, before, normal, tolerance - drift[vertex])
        if chosen < 0 or not _may_join(faces, head, link, vertex, chosen, count, after, stamp):
            continue
        moved = 0.0
        for k in range(count):
            off = 0.0
            for axis in range(3):
                off += normal[k, axis] * (points[chosen, axis] - points[vertex, axis])
            moved = max(moved, abs(off))
        drift[chosen] = max(drift[chosen], drift[vertex] + moved)
        for k in range(count):
            face, corner = around[k] // 3, around[k] % 3
            if after[k] == chosen or before[k] == chosen:
                faces[face, 0] = -1
                gone += 1
            else:
                faces[face, corner] = chosen
                link[around[k]], head[chosen] = head[chosen], around[k]
        head[vertex] = -1
    return gone


@compiled
def _fan(
    points: Floats, faces: Ints, head: Ints, link: Ints, vertex: int, around: Ints, after: Ints, before: Ints,
    normal: Floats,
) -> int:  # fmt: skip
    """The living faces around a vertex, their other corners and unit normals; 0 when there are too many or a gap."""
    count, closed = 0, 0
    at = head[vertex]
    while at >= 0:
        face, corner = at // 3, at % 3
        if faces[face, 0] >= 0:
            if count == MOST:
                return 0
            a, b = faces[face, (corner + 1) % 3], faces[face, (corner + 2) % 3]
            closed ^= a ^ b
            around[count], after[count], before[count] = at, a, b
            ux, uy, uz = _apart(points, vertex, a)
            vx, vy, vz = _apart(points, vertex, b)
            x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            length = np.sqrt(x * x + y * y + z * z)
            if length == 0:
                return 0
            normal[count, 0], normal[count, 1], normal[count, 2] = x / length, y / length, z / length
            count += 1
        at = link[at]
    return count if closed == 0 else 0


@compiled
def _apart(points: Floats, start: int, end: int) -> tuple[float, float, float]:
    return points[end, 0] - points[start, 0], points[end, 1] - points[start, 1], points[end, 2] - points[start, 2]


@compiled
def _choose(
    points: Floats, vertex: int, count: int, after: Ints, before: Ints, normal: Floats, tolerance: float
) -> int:
    """The neighbour into which the vertex slides with the best-shaped faces, or -1."""
    chosen, best = -1, SHAPE
    for candidate in range(count):
        other = after[candidate]
        flat = True
        for k in range(count):
            off = 0.0
            for axis in range(3):
                off += normal[k, axis] * (points[other, axis] - points[vertex, axis])
            if abs(off) > tolerance:
                flat = False
                break
        if not flat:
            continue
        worst = np.inf
        for k in range(count):
            a, b = after[k], before[k]
            if a == other or b == other:
                continue
            ux, uy, uz = _apart(points, other, a)
            vx, vy, vz = _apart(points, other, b)
            wx, wy, wz = vx - ux, vy - uy, vz - uz
            x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            area = np.sqrt(x * x + y * y + z * z)
            longest = max(ux * ux + uy * uy + uz * uz, vx * vx + vy * vy + vz * vz)
            longest = max(longest, wx * wx + wy * wy + wz * wz)
            turn = x * normal[k, 0] + y * normal[k, 1] + z * normal[k, 2]
            worst = min(worst, area / longest if turn > TURN * area else 0.0)
            if worst <= best:
                break
        if worst > best:
            chosen, best = other, worst
    return chosen


@compiled
def _may_join(
    faces: Ints, head: Ints, link: Ints, vertex: int, other: int, count: int, after: Ints, stamp: Ints
) -> bool:
    """Only the two faces at the edge may go: the two ends have no other neighbour in common."""
    for k in range(count):
        stamp[after[k]] = vertex
    common, fan = 0, 0
    at = head[other]
    while at >= 0:
        face, corner = at // 3, at % 3
        if faces[face, 0] >= 0:
            fan += 1
            common += stamp[faces[face, (corner + 1) % 3]] == vertex
        at = link[at]
    return common == 2 and fan + count - 4 <= MOST
