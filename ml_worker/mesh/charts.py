"""Unwrapping: the surface is cut into charts that face one of six directions, laid flat, and packed into a square.

A full parameterisation (xatlas) takes ten times longer than everything else together. Colours are baked by position,
so a chart need not be free of stretch (here at most 1.7), only free of overlap; and seams do not show.
"""

import msgspec
import numpy as np

from ml_worker.mesh.components import components
from ml_worker.mesh.mesh import Floats, Ints, Mesh
from ml_worker.mesh.normals import face_neighbours

AXES: Floats = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float64)
FACING = 0.25
"""Least cosine between a face and its chart's direction."""
KEEP = 0.2
"""How much better another direction must suit before a face leaves the direction of its neighbours."""
SMALL_FACES = 24
SMALL_SHARE = 0.004
"""Charts with fewer faces and a smaller share of the area are joined to a neighbour if that is possible."""


class Charts(msgspec.Struct, frozen=True, eq=False):
    number: Ints
    """(F,): the chart of each face."""
    direction: Ints
    """(F,): which of AXES the face's chart is seen along."""
    flat: Floats
    """(F, 3, 2): corner positions on the chart's plane, in metres."""
    count: int


def unwrap(mesh: Mesh) -> Charts:
    normals = mesh.face_normals()
    one, two = face_neighbours(mesh.faces)
    direction = _smooth(normals, mesh, one, two)
    same = direction[one] == direction[two]
    count, number = components(len(normals), one[same], two[same])
    flat = np.empty((len(normals), 3, 2))
    points = mesh.corners()
    for index, axis in enumerate(AXES):
        rows = direction == index
        along = int(np.abs(axis).argmax())
        u, v = (along + 1) % 3, (along + 2) % 3
        # Rows of a picture run downwards; seen from outside no chart is mirrored (tangents keep their hand).
        flat[rows, :, 0] = points[rows][:, :, u] * axis[along]
        flat[rows, :, 1] = -points[rows][:, :, v]
    return Charts(number, direction, flat, count)


def _smooth(normals: Floats, mesh: Mesh, one: Ints, two: Ints) -> Ints:
    """A direction for each face: the nearest, unless its neighbours' does nearly as well."""
    facing = normals @ AXES.T
    direction: Ints = facing.argmax(axis=1)
    area = mesh.areas()
    for _ in range(4):
        place = np.concatenate([one * 6 + direction[two], two * 6 + direction[one]])
        votes = np.bincount(place, np.concatenate([area[two], area[one]]), minlength=6 * len(normals)).reshape(-1, 6)
        votes = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-300)
        score = np.where(facing > FACING, facing + KEEP * votes, -np.inf)
        score[np.arange(len(normals)), facing.argmax(axis=1)] = np.maximum(
            score[np.arange(len(normals)), facing.argmax(axis=1)], -1
        )
        chosen = score.argmax(axis=1)
        if np.array_equal(chosen, direction):
            break
        direction = chosen
    for _ in range(3):
        direction = _absorb(direction, facing, area, one, two)
    return direction


def _absorb(direction: Ints, facing: Floats, area: Floats, one: Ints, two: Ints) -> Ints:
    """Give the faces of small charts to the direction that most of their neighbours have, where they can face it."""
    same = direction[one] == direction[two]
    count, number = components(len(direction), one[same], two[same])
    faces = np.bincount(number, minlength=count)
    share = np.bincount(number, area, minlength=count) / area.sum()
    small = (faces < SMALL_FACES) & (share < SMALL_SHARE)
    here, there = np.concatenate([one[~same], two[~same]]), np.concatenate([two[~same], one[~same]])
    weight = np.where(small[number[there]], 0.01, 1.0)
    votes = np.bincount(number[here] * 6 + direction[there], weight, minlength=6 * count).reshape(-1, 6)
    away = np.stack([np.bincount(number[turned], minlength=count) for turned in (facing < FACING).T], axis=1)
    votes[away > 0] = -1
    wish = votes.argmax(axis=1)
    moves = small & (votes.max(axis=1) > 0)
    return np.asarray(np.where(moves[number], wish[number], direction))


def split_charts(charts: Charts, mesh: Mesh, over: Ints) -> Charts:
    """Part charts that lie over themselves (`over`: (K, 2) faces of which one hides the other) by their depth."""
    number = charts.number.copy()
    count = charts.count
    sign, axis = np.where(charts.direction % 2, -1, 1), charts.direction // 2
    depth = mesh.centres()[np.arange(len(axis)), axis] * sign
    middle = depth[over].mean(axis=1)
    of_pair = number[over[:, 0]]
    for chart in np.unique(of_pair).tolist():
        rows = np.flatnonzero(number == chart)
        upper = rows[depth[rows] > np.median(middle[of_pair == chart])]
        if len(upper) in (0, len(rows)):
            upper = rows[len(rows) // 2 :]
        number[upper] = count
        count += 1
    one, two = face_neighbours(mesh.faces)
    same = number[one] == number[two]
    count, parts = components(len(number), one[same], two[same])
    return Charts(parts, charts.direction, charts.flat, count)
