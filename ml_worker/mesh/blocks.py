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
        found = np.take(said, self.member)
        differ = (low != high).astype(np.uint8)
        unsure = np.flatnonzero(np.take(differ[row + 1, column + 1], self.member))
        found[unsure] = ask(points[unsure], False)
        # A border runs through unsure blocks; the texels beside it may lie in the next.
        around = cv2.dilate(differ, np.ones((3, 3), np.uint8))
        beside = np.flatnonzero(np.take(around[row + 1, column + 1], self.member))
        border = beside[self._near_borders(found, beside)]
        found[border] = ask(points[border], True)
        return found

    def _near_borders(self, found: Array, beside: Ints) -> npt.NDArray[np.bool_]:
        """(N,) of the texels `beside`: those around which a covered texel says something else."""
        near = np.zeros(len(beside), np.bool_)
        _differing(self.texels.row, self.texels.column, self.texels.size, found, beside, near)
        return near

    def around(self, some: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """(B,) of the blocks: which are among `some` (B,) or beside one of them."""
        row, column = self.place
        shown = np.zeros((self.side, self.side), np.uint8)
        shown[row[some], column[some]] = 1
        return np.asarray(cv2.dilate(shown, np.ones((3, 3), np.uint8))[row, column].astype(np.bool_))

    def spread_smooth(self, said: Array) -> Array:
        """(B, C) by block -> (T, C) float32, bilinear between the blocks around a texel as far as they are of its
        chart.
        """
        total = np.zeros((len(self.member), said.shape[1]), np.float32)
        texels, single = self.texels, np.ascontiguousarray(said, np.float32)
        charts = self.chart[texels.face[self.first]]
        # Where no block around says anything but nothing, that is what a texel gets.
        heard = self.around(np.asarray(single.any(axis=1)))
        _blended(texels.row, texels.column, self.member, heard, self._slots, charts, self.width, single, total)
        return total


@compiled
def _differing(
    rows: Ints, columns: Ints, size: int, found: Ints, beside: Ints, near: npt.NDArray[np.bool_]
) -> None:  # fmt: skip
    shown = np.full((size, size), -1, np.int32)
    for texel in range(len(rows)):
        shown[rows[texel], columns[texel]] = found[texel]
    for number in range(len(beside)):
        texel = beside[number]
        own, row, column = found[texel], rows[texel], columns[texel]
        for y in range(max(row - BORDER, 0), min(row + BORDER, size - 1) + 1):
            for x in range(max(column - BORDER, 0), min(column + BORDER, size - 1) + 1):
                near[number] |= shown[y, x] >= 0 and shown[y, x] != own


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
    rows: Ints, columns: Ints, member: Ints, heard: npt.NDArray[np.bool_], slots: Ints, charts: Ints, width: int,
    said: Array, total: Array,
) -> None:  # fmt: skip
    side, channels = len(slots), said.shape[1]
    before, share = np.empty(side * width, np.int32), np.empty(side * width, np.float32)
    for place in range(side * width):
        middle = (place + 0.5) / width - 0.5
        before[place] = np.int32(np.floor(middle))
        share[place] = np.float32(middle - before[place])
    one = np.float32(1)
    for texel in range(len(rows)):
        own = member[texel]
        if not heard[own]:
            continue
        top, left, chart = before[rows[texel]], before[columns[texel]], charts[own]
        down, right = share[rows[texel]], share[columns[texel]]
        weight = np.float32(0)
        for corner in range(4):
            row, column = top + (corner >> 1), left + (corner & 1)
            if row < 0 or column < 0 or row >= side or column >= side:
                continue
            part = (down if corner >> 1 else one - down) * (right if corner & 1 else one - right)
            for k in range(SHARES):
                number = slots[row, column, k]
                if number < 0:
                    break
                if charts[number] == chart:
                    weight += part
                    for channel in range(channels):
                        total[texel, channel] += part * said[number, channel]
                    break
        for channel in range(channels):
            if weight > np.float32(1e-3):
                total[texel, channel] /= weight
            else:
                total[texel, channel] = said[own, channel]
