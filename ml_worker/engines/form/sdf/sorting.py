"""Which of many points lie near a box, and the least of several distances: in one pass over the points each."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml_worker.mesh.compiled import compiled

Array = npt.NDArray[Any]
Corner = tuple[float, float, float]


class Sorting:
    """N points in search of the nearest of several shapes, each of which lies in a box.

    `x`, `y`, `z`: (N,) coordinates; `best`: (N,) distance to the nearest shape so far, kept up to date.
    """

    def __init__(self, x: Tensor, y: Tensor, z: Tensor, best: Tensor) -> None:
        self._places = (x.numpy(), y.numpy(), z.numpy())
        self._best: Array = best.numpy()
        self._bound = np.empty_like(self._best)
        self._index = np.empty(len(self._best), np.int32)
        self._near = np.empty((3, len(self._best)), np.float32)
        self._count = 0

    def near(self, lower: Corner, upper: Corner, reach: float) -> tuple[Tensor, Tensor, Tensor] | None:
        """The points that may be nearer to what the box holds than `best`, and are within `reach` of the box.

        Points farther off take their distance to the box for the distance to what it holds.
        """
        middle, half = _measured(lower, upper)
        self._count = count = _sorted(
            *self._places, middle, half, np.float32(reach), self._best, self._bound, self._index, self._near
        )
        if not count:
            return None
        x, y, z = self._near
        return torch.from_numpy(x[:count]), torch.from_numpy(y[:count]), torch.from_numpy(z[:count])

    def inside(self, lower: Corner, upper: Corner) -> tuple[Tensor, Tensor, Tensor] | None:
        """The points that may be nearer to what the box holds than `best`."""
        return self.near(lower, upper, math.inf)

    def take_owned(self, distance: Tensor, number: int, owner: Array) -> None:
        """`take`, and `number` for the `owner` (N,) of the points that this brought nearer."""
        _take_owned(distance.contiguous().numpy(), self._index, self._best, number, owner)

    def taken(self) -> tuple[Array, Array]:
        """(K,) the numbers of the points that `near` or `inside` gave last, and their `best` so far."""
        index = self._index[: self._count].copy()
        return index, self._best[index]

    def take(self, distance: Tensor) -> None:
        """The distances of the points that `near` gave last, in their order."""
        _take(distance.contiguous().numpy(), self._index, self._best)


@lru_cache(4096)
def _measured(lower: Corner, upper: Corner) -> tuple[Array, Array]:
    """(3,) the middle of a box, and (3,) half its sides."""
    box = np.array([lower, upper], np.float32)
    return (box[0] + box[1]) / 2, (box[1] - box[0]) / 2


@compiled
def _sorted(
    x: Array, y: Array, z: Array, middle: Array, half: Array, reach: np.float32, best: Array,
    bound: Array, index: Array, near: Array,
) -> int:  # fmt: skip
    none = np.float32(0)
    mx, my, mz = middle
    hx, hy, hz = half
    for i in range(len(x)):
        dx, dy, dz = abs(x[i] - mx) - hx, abs(y[i] - my) - hy, abs(z[i] - mz) - hz
        dx = max(none, dx)
        dy = max(none, dy)
        dz = max(none, dz)
        bound[i] = np.sqrt(dx * dx + dy * dy + dz * dz)
    count = 0
    for i in range(len(x)):
        away, so_far = bound[i], best[i]
        index[count] = i
        # Inside the reach the box would be too low a bound: only points out of it may take it.
        best[i] = away if away >= reach and away < so_far else so_far
        count += away < so_far and away < reach
    px, py, pz = near
    for k in range(count):
        i = index[k]
        px[k], py[k], pz[k] = x[i], y[i], z[i]
    return count


@compiled
def _take(distance: Array, index: Array, best: Array) -> None:
    for k in range(len(distance)):
        i = index[k]
        best[i] = min(best[i], distance[k])


@compiled
def _take_owned(distance: Array, index: Array, best: Array, number: int, owner: Array) -> None:
    for k in range(len(distance)):
        i = index[k]
        if distance[k] < best[i]:
            best[i], owner[i] = distance[k], number
