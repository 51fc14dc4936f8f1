"""Texels in blocks: ask one texel a block, and spread the answer over the others."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.mesh import Ints
from ml_worker.mesh.texels import Texels

Array = npt.NDArray[Any]
BORDER = 2
"""Texels on either side of a border between regions that are asked closely."""


class Blocks:
    """The covered texels in blocks of `width` x `width` within a chart, each with one texel that speaks for it."""

    def __init__(self, texels: Texels, chart: Ints, width: int) -> None:
        """`chart`: (F,) by face."""
        self.texels = texels
        self.width = width
        self.side = -(-texels.size // width)
        self.chart = chart[texels.face]
        self.block = (texels.row // width).astype(np.int64) * self.side + texels.column // width
        # The texel nearest to the block's middle speaks for it; a block on a border may hold texels of two charts.
        off = np.abs(texels.row % width - width / 2 + 0.5) + np.abs(texels.column % width - width / 2 + 0.5)
        order = np.lexsort((off, self.chart, self.block))
        change = np.ones(len(order), bool)
        change[1:] = (np.diff(self.block[order]) != 0) | (np.diff(self.chart[order]) != 0)
        self.first = order[change]
        """Numbers of the speaking texels."""
        self.member = np.empty(len(order), np.int64)
        self.member[order] = np.cumsum(change) - 1
        """(T,): index into `first`."""

    def spread_exact(self, points: Array, ask: Callable[[Array, bool], Array]) -> Array:
        """A number for each texel: by block, then by texel where blocks differ, then `closely` at borders."""
        said = ask(points[self.first], False)
        low = np.full((self.side + 2, self.side + 2), np.iinfo(np.int64).max)
        high = np.full((self.side + 2, self.side + 2), -1)
        row, column = np.divmod(self.block[self.first], self.side)
        np.minimum.at(low, (row + 1, column + 1), said)
        np.maximum.at(high, (row + 1, column + 1), said)
        for axis in range(2):
            low = np.minimum(low, np.minimum(np.roll(low, 1, axis), np.roll(low, -1, axis)))
            high = np.maximum(high, np.maximum(np.roll(high, 1, axis), np.roll(high, -1, axis)))
        found = said[self.member]
        unsure = np.flatnonzero((low != high)[row + 1, column + 1][self.member])
        found[unsure] = ask(points[unsure], False)
        border = np.flatnonzero(self._near_borders(found))
        found[border] = ask(points[border], True)
        return found

    def _near_borders(self, found: Array) -> Array:
        """(T,) bool: texels around which a covered texel says something else."""
        size = self.texels.size
        kernel = np.ones((2 * BORDER + 1, 2 * BORDER + 1), np.uint8)
        low, high = np.full((2, size, size), np.inf, np.float32)
        low[self.texels.row, self.texels.column] = found
        high[self.texels.row, self.texels.column] = -found.astype(np.float32)
        differ = cv2.erode(low, kernel) != -cv2.erode(high, kernel)
        return np.asarray(differ[self.texels.row, self.texels.column])

    def spread_smooth(self, said: Array) -> Array:
        """(B, C) by block -> (T, C), bilinear between the blocks around a texel as far as they are of its chart."""
        side = self.side + 2
        value = np.zeros((side * side, said.shape[1]), np.float32)
        chart = np.full(side * side, -1, np.int64)
        row, column = np.divmod(self.block[self.first], self.side)
        place = (row + 1) * side + column + 1
        value[place], chart[place] = said, self.chart[self.first]
        y = (self.texels.row + 0.5) / self.width + 0.5
        x = (self.texels.column + 0.5) / self.width + 0.5
        top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
        down, right = (y - top).astype(np.float32), (x - left).astype(np.float32)
        total = np.zeros((len(y), said.shape[1]), np.float32)
        weight = np.zeros(len(y), np.float32)
        for dy, share_y in ((0, 1 - down), (1, down)):
            for dx, share_x in ((0, 1 - right), (1, right)):
                at = (top + dy) * side + left + dx
                share = share_y * share_x * (chart[at] == self.chart)
                total += share[:, None] * value[at]
                weight += share
        alone = weight <= 1e-3
        total /= np.maximum(weight, 1e-3)[:, None]
        total[alone] = said[self.member[alone]]
        return total
