"""Placing charts in a square texture: skyline packing of their rectangles, at the largest scale that fits."""

import numpy as np

from ml_worker.mesh.charts import Charts
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats, Ints

GUTTER = 3
"""Free texels between charts, so that filtering and small mip levels do not mix them."""


def pack(charts: Charts, texels: int, tightly: bool = True) -> Floats:
    """(F, 3, 2) texture coordinates in texels, 0..`texels`, every chart at the same scale.

    `tightly`: look for the largest scale that fits; else take one that does.
    """
    low = np.full((charts.count, 2), np.inf)
    high = np.full((charts.count, 2), -np.inf)
    _extents(np.ascontiguousarray(charts.flat), charts.number, low, high)
    size = high - low
    turned = size[:, 1] > size[:, 0]
    size[turned] = size[turned][:, ::-1]
    order = np.lexsort((-size[:, 0], -size[:, 1]))

    scale = _largest_scale(size[order], texels, tightly)
    placed = _place(size[order], scale, texels)
    assert placed is not None
    spot = np.empty_like(placed)
    spot[order] = placed

    local = charts.flat - low[charts.number][:, None]
    rows = turned[charts.number]
    # A quarter turn, not a swap: charts must not be mirrored.
    local[rows] = np.stack([local[rows][:, :, 1], size[charts.number[rows], 1][:, None] - local[rows][:, :, 0]], axis=2)
    return np.asarray(local * scale + spot[charts.number][:, None])


def _largest_scale(size: Floats, texels: int, tightly: bool) -> float:
    area = float((size[:, 0] * size[:, 1]).sum())
    high: float = min(texels / max(area, 1e-30) ** 0.5, (texels - 2 * GUTTER) / float(size.max()))
    low = high
    while _place(size, low, texels) is None:
        low, high = low * 0.85, low
    for _ in range(3 if tightly else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if _place(size, middle, texels) is not None else (low, middle)
    return low


def _place(size: Floats, scale: float, texels: int) -> Floats | None:
    """Positions of the rectangles (widest and tallest first), or None when they do not fit."""
    boxes = np.ceil(size * scale).astype(np.int64) + GUTTER
    spots = np.empty((len(boxes), 2), np.int64)
    return spots + GUTTER / 2 if _stacked(boxes, texels, spots) else None


@compiled
def _extents(flat: Floats, number: Ints, low: Floats, high: Floats) -> None:
    for face in range(len(flat)):
        chart = number[face]
        for corner in flat[face]:
            for k in range(2):
                low[chart, k] = min(low[chart, k], corner[k])
                high[chart, k] = max(high[chart, k], corner[k])


@compiled
def _stacked(boxes: Ints, texels: int, spots: Ints) -> bool:
    """Put each box as low as the skyline lets it; False when one does not fit.

    The skyline: the x at which each level starts, and its height.
    """
    starts, heights = np.zeros(2 * len(boxes) + 2, np.int64), np.zeros(2 * len(boxes) + 2, np.int64)
    levels = 1
    for index in range(len(boxes)):
        width, height = boxes[index]
        best_y, best_at, best_stop = texels + 1, -1, 0
        for at in range(levels):
            if starts[at] + width > texels:
                break
            y, stop = 0, at
            while stop < levels and starts[stop] < starts[at] + width and y < best_y:
                y = max(y, heights[stop])
                stop += 1
            if y + height <= texels and y < best_y:
                best_y, best_at, best_stop = y, at, stop
        if best_at < 0:
            return False
        x, right, last = starts[best_at], starts[best_at] + width, heights[best_stop - 1]
        after = right < texels and not (best_stop < levels and starts[best_stop] == right)
        shift = best_at + 1 + int(after) - best_stop
        if shift > 0:
            for level in range(levels - 1, best_stop - 1, -1):
                starts[level + shift], heights[level + shift] = starts[level], heights[level]
        elif shift < 0:
            for level in range(best_stop, levels):
                starts[level + shift], heights[level + shift] = starts[level], heights[level]
        levels += shift
        heights[best_at] = best_y + height
        if after:
            starts[best_at + 1], heights[best_at + 1] = right, last
        spots[index, 0], spots[index, 1] = x, best_y
    return True
