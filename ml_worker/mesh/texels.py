"""Which face, and which point of it, each texel of the atlas shows."""

import math

import msgspec
import numpy as np

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats, Ints

DEEP = 0.02
"""Least barycentric coordinate of a place that counts as well inside a face (touching is no overlap)."""
MOST_PAIRS = 1 << 17
"""So many overlaps are noted; charts are cut and looked through again, so others come to light then."""


class Texels(msgspec.Struct, frozen=True, eq=False):
    """The covered texels, row after row."""

    size: int
    row: Ints
    column: Ints
    face: Ints
    weights: Floats
    """(T, 3) float32 barycentric coordinates in the face."""
    crowded: Ints
    """(K, 2) pairs of faces of which one lies over the other in the atlas."""


def rasterise(flat: Floats, size: int) -> Texels:
    """`flat`: (F, 3, 2) corners in texels. A texel belongs to the face over its centre, the first of several."""
    shown = np.full((size, size), -1, np.int32)
    pairs = np.empty((MOST_PAIRS, 2), np.int32)
    flat = np.ascontiguousarray(flat, np.float64)
    covered, crowded = _cover(flat, shown, pairs)
    row, column, face = (np.empty(covered, np.int32) for _ in range(3))
    weights = np.empty((covered, 3), np.float32)
    _weigh(flat, shown, row, column, face, weights)
    return Texels(size, row, column, face, weights, np.unique(pairs[:crowded], axis=0))


@compiled
def _barycentric(corners: Floats, x: float, y: float) -> tuple[float, float, float]:
    ax, ay = corners[0, 0], corners[0, 1]
    bx, by = corners[1, 0] - ax, corners[1, 1] - ay
    cx, cy = corners[2, 0] - ax, corners[2, 1] - ay
    area = bx * cy - by * cx
    if abs(area) < 1e-12:
        area = 1e-12
    v = ((x - ax) * cy - (y - ay) * cx) / area
    w = (bx * (y - ay) - by * (x - ax)) / area
    return 1 - v - w, v, w


@compiled
def _cover(flat: Floats, shown: Ints, pairs: Ints) -> tuple[int, int]:
    """Fill `shown` (S, S) with the faces over the texels' centres; how many texels, and how many `pairs` overlap."""
    size = len(shown)
    covered, crowded = 0, 0
    for face in range(len(flat)):
        corners = flat[face]
        low = min(corners[0, 1], corners[1, 1], corners[2, 1])
        high = max(corners[0, 1], corners[1, 1], corners[2, 1])
        for row in range(max(math.ceil(low - 0.5), 0), min(math.floor(high - 0.5), size - 1) + 1):
            y = row + 0.5
            left, right = math.inf, -math.inf
            for k in range(3):
                ax, ay, bx, by = corners[k, 0], corners[k, 1], corners[(k + 1) % 3, 0], corners[(k + 1) % 3, 1]
                if ay != by and min(ay, by) <= y <= max(ay, by):
                    x = ax + (y - ay) / (by - ay) * (bx - ax)
                    left, right = min(left, x), max(right, x)
            if left > right:
                continue
            for column in range(max(math.ceil(left - 0.5), 0), min(math.floor(right - 0.5), size - 1) + 1):
                other = shown[row, column]
                if other < 0:
                    shown[row, column] = face
                    covered += 1
                elif crowded < len(pairs) and not (
                    crowded and pairs[crowded - 1, 0] == other and pairs[crowded - 1, 1] == face
                ):
                    deep = min(_barycentric(corners, column + 0.5, y)) > DEEP
                    if deep and min(_barycentric(flat[other], column + 0.5, y)) > DEEP:
                        pairs[crowded, 0], pairs[crowded, 1] = other, face
                        crowded += 1
    return covered, crowded


@compiled
def _weigh(flat: Floats, shown: Ints, rows: Ints, columns: Ints, faces: Ints, weights: Floats) -> None:
    number = 0
    for row in range(len(shown)):
        for column in range(len(shown)):
            face = shown[row, column]
            if face < 0:
                continue
            u, v, w = _barycentric(flat[face], column + 0.5, row + 0.5)
            rows[number], columns[number], faces[number] = row, column, face
            weights[number, 0] = min(max(u, 0.0), 1.0)
            weights[number, 1] = min(max(v, 0.0), 1.0)
            weights[number, 2] = min(max(w, 0.0), 1.0)
            number += 1
