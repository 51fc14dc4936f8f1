"""Which face, and which point of it, each texel of the atlas shows."""

import msgspec
import numpy as np

from ml_worker.mesh.mesh import Floats, Ints


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
    """`flat`: (F, 3, 2) corners in texels. A texel belongs to the face over its centre."""
    face, row = _rows(flat)
    left, right = _span(flat[face], row + 0.5)
    first = np.maximum(np.ceil(left - 0.5).astype(np.int32), 0)
    last = np.minimum(np.floor(right - 0.5).astype(np.int32), size - 1)
    width = np.maximum(last - first + 1, 0)
    face, row, first = face[width > 0], row[width > 0], first[width > 0]
    width = width[width > 0]
    start = np.cumsum(width) - width
    column = (np.arange(int(width.sum())) - np.repeat(start - first, width)).astype(np.int32)
    face, row = np.repeat(face, width), np.repeat(row, width)

    key = row.astype(np.int64) * size + column
    shown = np.full(size * size, -1, np.int32)
    shown[key[::-1]] = face[::-1]
    top = np.full(size * size, -1, np.int32)
    top[key] = face
    crowded = _overlapping(flat, shown, top, size)
    at = np.flatnonzero(shown >= 0)
    face = shown[at]
    row, column = (at // size).astype(np.int32), (at % size).astype(np.int32)
    weights = _barycentric(flat[face], np.stack([column + 0.5, row + 0.5], axis=1))
    return Texels(size, row, column, face, np.clip(weights, 0, 1).astype(np.float32), crowded)


def _rows(flat: Floats) -> tuple[Ints, Ints]:
    """Every (face, row) whose centre line the face crosses."""
    low = np.ceil(flat[:, :, 1].min(axis=1) - 0.5).astype(np.int32)
    high = np.floor(flat[:, :, 1].max(axis=1) - 0.5).astype(np.int32)
    count = np.maximum(high - low + 1, 0)
    face = np.repeat(np.arange(len(flat), dtype=np.int32), count)
    start = np.cumsum(count) - count
    return face, (np.arange(int(count.sum())) - np.repeat(start - low, count)).astype(np.int32)


def _span(corners: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Where the line at height `y` enters and leaves each triangle."""
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for k in range(3):
        a, b = corners[:, k], corners[:, (k + 1) % 3]
        crosses = (np.minimum(a[:, 1], b[:, 1]) <= y) & (y <= np.maximum(a[:, 1], b[:, 1])) & (a[:, 1] != b[:, 1])
        rise = np.where(crosses, b[:, 1] - a[:, 1], 1)
        x = a[:, 0] + (y - a[:, 1]) / rise * (b[:, 0] - a[:, 0])
        left = np.where(crosses, np.minimum(left, x), left)
        right = np.where(crosses, np.maximum(right, x), right)
    return left, right


def _barycentric(corners: Floats, points: Floats) -> Floats:
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac, ap = b - a, c - a, points - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    v = (ap[:, 0] * ac[:, 1] - ap[:, 1] * ac[:, 0]) / area
    w = (ab[:, 0] * ap[:, 1] - ab[:, 1] * ap[:, 0]) / area
    return np.stack([1 - v - w, v, w], axis=1)


def _overlapping(flat: Floats, shown: Ints, top: Ints, size: int) -> Ints:
    """(K, 2) pairs of faces that share a texel whose centre lies well inside both (touching does not count)."""
    at = np.flatnonzero(shown != top)
    if not len(at):
        return np.zeros((0, 2), np.int32)
    points = np.stack([at % size + 0.5, at // size + 0.5], axis=1)
    deep = np.ones(len(at), bool)
    for faces in (shown[at], top[at]):
        deep &= _barycentric(flat[faces], points).min(axis=1) > 0.02
    return np.unique(np.stack([shown[at[deep]], top[at[deep]]], axis=1), axis=0)
