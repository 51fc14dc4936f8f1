"""Placing charts in a square texture: skyline packing of their rectangles, at the largest scale that fits."""

import bisect

import numpy as np

from ml_worker.mesh.charts import Charts
from ml_worker.mesh.mesh import Floats

GUTTER = 3
"""Free texels between charts, so that filtering and small mip levels do not mix them."""


def pack(charts: Charts, texels: int, tightly: bool = True) -> Floats:
    """(F, 3, 2) texture coordinates in texels, 0..`texels`, every chart at the same scale.

    `tightly`: look for the largest scale that fits; else take one that does.
    """
    corners = charts.flat.reshape(-1, 2)
    of_corner = np.repeat(charts.number, 3)
    low = np.full((charts.count, 2), np.inf)
    high = np.full((charts.count, 2), -np.inf)
    np.minimum.at(low, of_corner, corners)
    np.maximum.at(high, of_corner, corners)
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
    """Positions of the rectangles (widest and tallest first), or None when they do not fit.

    The skyline is kept as parallel lists of the x at which a level starts and its height.
    """
    boxes = np.ceil(size * scale).astype(int) + GUTTER
    starts, heights = [0], [0]
    spots = np.empty((len(boxes), 2))
    for index, (width, height) in enumerate(boxes.tolist()):
        best: tuple[int, int, int] | None = None
        for at, x in enumerate(starts):
            if x + width > texels:
                break
            stop = bisect.bisect_left(starts, x + width)
            y = max(heights[at:stop])
            if y + height <= texels and (best is None or y < best[0]):
                best = (y, x, at)
        if best is None:
            return None
        y, x, at = best
        stop = bisect.bisect_left(starts, x + width)
        after = [] if stop < len(starts) and starts[stop] == x + width else [(x + width, heights[stop - 1])]
        if x + width >= texels:
            after = []
        starts[at:stop] = [x, *(start for start, _ in after)]
        heights[at:stop] = [y + height, *(level for _, level in after)]
        spots[index] = (x + GUTTER / 2, y + GUTTER / 2)
    return spots
