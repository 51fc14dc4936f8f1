"""Value noise in space: the raw stuff of procedural textures. Periodic, seeded once, the same everywhere."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled

PERIOD = 32
"""Lattice points before the noise repeats."""

Values = npt.NDArray[np.float32]


@cache
def channel_lattice(channel: int) -> npt.NDArray[Any]:
    """(PERIOD, PERIOD, PERIOD) float32, -1..1."""
    return np.random.default_rng(7919 + channel).random((PERIOD, PERIOD, PERIOD), np.float32) * 2 - 1


def noise(points: npt.NDArray[Any], channel: int = 0) -> Values:
    """(N, 3) -> (N,) in -1..1, smooth, features of size 1."""
    total = np.zeros(len(points), np.float32)
    points = np.ascontiguousarray(points, np.float32)
    _add(points, channel_lattice(channel), 1.0, 0.0, np.float32(1), total)
    return total


def fractal(points: npt.NDArray[Any], octaves: int, channel: int = 0) -> Values:
    """(N, 3) -> (N,) about -1..1: octaves of half the size and half the strength."""
    total = np.zeros(len(points), np.float32)
    points = np.ascontiguousarray(points, np.float32)
    for octave in range(octaves):
        _add(points, channel_lattice(channel + octave), 2.0**octave, octave * 5.3, np.float32(0.5**octave), total)
    return total


@compiled
def _add(
    points: npt.NDArray[Any], lattice: Values, scale: float, shift: float, strength: np.float32, total: Values
) -> None:
    for number in range(len(points)):
        x, y, z = points[number]
        total[number] += value(lattice, x * scale + shift, y * scale + shift, z * scale + shift) * strength


@compiled
def value(lattice: Values, x: float, y: float, z: float) -> np.float32:
    """-1..1: the noise of a `channel` at one place, for loops that are compiled themselves."""
    last = np.int64(PERIOD - 1)
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    i, j, k = np.int64(fx) & last, np.int64(fy) & last, np.int64(fz) & last
    # Smoothstep inside each cell, by warping the place in it: trilinear filtering alone shows its cells.
    u, v, w = _warped(x - fx), _warped(y - fy), _warped(z - fz)
    one, two = lattice[i], lattice[(i + 1) & last]
    j1, k1 = (j + 1) & last, (k + 1) & last
    a = one[j, k] + (one[j, k1] - one[j, k]) * w
    b = one[j1, k] + (one[j1, k1] - one[j1, k]) * w
    c = two[j, k] + (two[j, k1] - two[j, k]) * w
    d = two[j1, k] + (two[j1, k1] - two[j1, k]) * w
    low, high = a + (b - a) * v, c + (d - c) * v
    return np.float32(low + (high - low) * u)


@compiled
def _warped(part: float) -> np.float32:
    return np.float32(part * part * (3 - 2 * part))
