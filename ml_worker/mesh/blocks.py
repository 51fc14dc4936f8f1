"""Texels in blocks: ask one texel a block, and spread the answer over the others."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Ints
from ml_worker.mesh.texels import Texels

Array = npt.NDArray[Any]
BORDER = 2
"""Texels on either side of a border between regions that are asked closely."""
SHARES = 6
"""Charts that one block may hold texels of, each with a speaker; charts have gutters, so a block touches few."""


class Blocks:
    """The covered texels in blocks of `width` x `width` within a chart, each with one texel that speaks for it."""

    def __init__(self, texels: Texels, chart: Ints, width: int) -> None:
        """`chart`: (F,) by face."""
        self.texels = texels
        self.width = width
        self.side = -(-texels.size // width)
        self.chart = np.ascontiguousarray(chart, np.int32)
        self.member = np.empty(len(texels.row), np.int32)
        """(T,): index into `first`."""
        speaker = np.empty(len(texels.row), np.int32)
        self._slots = np.full((self.side, self.side, SHARES), -1, np.int32)
        count = _gathered(texels.row, texels.column, texels.face, self.chart, width, self._slots, speaker, self.member)
        self.first = speaker[:count].copy()
        """Numbers of the speaking texels."""
        self.place = np.stack([texels.row[self.first] // width, texels.column[self.first] // width])
        """(2, B): row and column of each block."""

    def spread_exact(self, points: Array, ask: Callable[[Array, bool], Array]) -> Array:
        """A number for each texel: by block, then by texel where blocks differ, then `closely` at borders."""
        said = ask(points[self.first], False)
        if (said == said[0]).all():
            return np.full(len(points), said[0])
        low = np.full((self.side + 2, self.side + 2), np.iinfo(np.int64).max)
        high = np.full((self.side + 2, self.side + 2), -1)
        row, column = self.place
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
        total = np.empty((len(self.member), said.shape[1]), np.float32)
        texels, single = self.texels, np.ascontiguousarray(said, np.float32)
        charts = self.chart[texels.face[self.first]]
        _blended(texels.row, texels.column, self.member, self._slots, charts, self.width, single, total)
        return total


@compiled
def _gathered(
    rows: Ints, columns: Ints, faces: Ints, chart: Ints, width: int, slots: Ints, speaker: Ints, member: Ints
) -> int:
    """Number the blocks and the texels nearest to their middles; returns how many there are.

    `slots` (side, side, SHARES): the blocks at each place, one a chart.
    """
    count = 0
    off = np.empty(len(rows), np.float32)
    for texel in range(len(rows)):
        row, column = rows[texel], columns[texel]
        place = slots[row // width, column // width]
        away = abs(row % width - width / 2 + 0.5) + abs(column % width - width / 2 + 0.5)
        for share in range(SHARES):
            number = place[share]
            if number < 0:
                number = count
                place[share], speaker[number], off[number] = number, texel, away
                count += 1
                break
            if share == SHARES - 1 or chart[faces[speaker[number]]] == chart[faces[texel]]:
                break
        member[texel] = number
        if away < off[number]:
            speaker[number], off[number] = texel, away
    return count


@compiled
def _blended(
    rows: Ints, columns: Ints, member: Ints, slots: Ints, charts: Ints, width: int, said: Array, total: Array
) -> None:
    side, channels = len(slots), said.shape[1]
    for texel in range(len(rows)):
        own = member[texel]
        y, x = (rows[texel] + 0.5) / width - 0.5, (columns[texel] + 0.5) / width - 0.5
        top, left = int(np.floor(y)), int(np.floor(x))
        weight = np.float32(0)
        total[texel] = 0
        for dy in range(2):
            for dx in range(2):
                row, column = top + dy, left + dx
                if row < 0 or column < 0 or row >= side or column >= side:
                    continue
                share = np.float32((y - top if dy else 1 - (y - top)) * (x - left if dx else 1 - (x - left)))
                for number in slots[row, column]:
                    if number < 0:
                        break
                    if charts[number] == charts[own]:
                        weight += share
                        for k in range(channels):
                            total[texel, k] += share * said[number, k]
                        break
        for k in range(channels):
            total[texel, k] = total[texel, k] / weight if weight > 1e-3 else said[own, k]
