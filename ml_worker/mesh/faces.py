"""Quads around crossed edges to triangles between the vertices that stand for their loops."""

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats, Ints


def closed(
    quads: Ints, rising: npt.NDArray[np.bool_], speaker: Ints, vertices: Floats, points: Floats, normals: Floats
) -> Ints:
    """(F, 3) int32: closed and 2-manifold. Patches that would not leave it so are dissolved.

    `speaker`: (C,), see `merge`; the rest as in `triangles`.
    """
    own = np.arange(len(speaker), dtype=np.int32)
    while True:
        merged = speaker != own
        if not merged.any():
            return triangles(quads, rising, vertices, points, normals)
        faces = triangles(speaker[quads], rising, vertices, points, normals)
        for_others = np.zeros(len(vertices), np.bool_)
        for_others[speaker[merged]] = True
        apart = torn(faces, for_others)[speaker] & merged
        if not apart.any():
            return faces
        speaker = np.where(apart, own, speaker)


def triangles(quads: Ints, rising: npt.NDArray[np.bool_], vertices: Floats, points: Floats, normals: Floats) -> Ints:
    """(F, 3) int32. `quads`: (E, 4) vertex numbers, equal ones where vertices have been merged.

    A quad is cut along the diagonal whose middle lies nearer to the surface at its crossing (`points`, `normals`:
    (E, 3)); what has fewer than three different corners left makes no face.
    """
    faces = np.empty((2 * len(quads), 3), np.int32)
    return faces[: _triangles(quads, rising, vertices, points, normals, faces)]


@compiled
def _triangles(
    quads: Ints, rising: npt.NDArray[np.bool_], vertices: Floats, points: Floats, normals: Floats, faces: Ints
) -> int:
    count = 0
    ring = np.empty(4, np.int32)
    for number in range(len(quads)):
        corners = 0
        for k in range(4):
            corner = quads[number, k if rising[number] else 3 - k]
            if corners == 0 or ring[corners - 1] != corner:
                ring[corners] = corner
                corners += 1
        if corners > 1 and ring[corners - 1] == ring[0]:
            corners -= 1
        if corners == 4:
            if ring[0] == ring[2] or ring[1] == ring[3]:
                continue
            off_a, off_b = 0.0, 0.0
            for k in range(3):
                a = (vertices[ring[0], k] + vertices[ring[2], k]) / 2
                b = (vertices[ring[1], k] + vertices[ring[3], k]) / 2
                off_a += normals[number, k] * (a - points[number, k])
                off_b += normals[number, k] * (b - points[number, k])
            shift = 0 if abs(off_a) <= abs(off_b) else 1
            for k in range(3):
                faces[count, k] = ring[k + shift]
            faces[count + 1, 0], faces[count + 1, 1] = ring[shift], ring[2 + shift]
            faces[count + 1, 2] = ring[(3 + shift) % 4]
            count += 2
        elif corners == 3:
            for k in range(3):
                faces[count, k] = ring[k]
            count += 1
    return count


@compiled
def torn(faces: Ints, asked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(V,), true for those of the vertices `asked` (V,) that are at an edge which has not exactly two faces wound
    alike, or whose faces are not one fan.
    """
    bad = np.zeros(len(asked), np.bool_)
    head, link = np.full(len(asked), -1, np.int32), np.empty(faces.size, np.int32)
    fans = np.zeros(len(asked), np.int32)
    corner = faces.reshape(-1)
    for at in range(len(corner) - 1, -1, -1):
        link[at], head[corner[at]] = head[corner[at]], at
        fans[corner[at]] += 1
    for at in range(len(corner)):
        start, stop = corner[at], corner[at - at % 3 + (at + 1) % 3]
        if not (asked[start] or asked[stop]):
            continue
        same, back = 0, 0
        other = head[start]
        while other >= 0:
            same += corner[other - other % 3 + (other + 1) % 3] == stop
            back += corner[other - other % 3 + (other + 2) % 3] == stop
            other = link[other]
        if same != 1 or back != 1:
            bad[start] = bad[stop] = True
    for vertex in range(len(asked)):
        if not asked[vertex] or head[vertex] < 0 or bad[vertex]:
            continue
        # Once around by the edges: a vertex of one fan meets each of its faces on the way.
        last = first = head[vertex]
        steps = 0
        while True:
            steps += 1
            towards = corner[last - last % 3 + (last + 2) % 3]
            other = head[vertex]
            while corner[other - other % 3 + (other + 1) % 3] != towards:
                other = link[other]
            last = other
            if last == first:
                break
        bad[vertex] = steps != fans[vertex]
    return bad
