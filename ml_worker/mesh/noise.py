"""Value noise in space: the raw stuff of procedural textures. Periodic, seeded once, the same everywhere."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

PERIOD = 32
"""Lattice points before the noise repeats."""

Values = npt.NDArray[np.float32]


@cache
def _lattice(channel: int) -> npt.NDArray[Any]:
    return np.random.default_rng(7919 + channel).random((PERIOD, PERIOD, PERIOD), np.float32) * 2 - 1


def noise(points: npt.NDArray[Any], channel: int = 0) -> Values:
    """(N, 3) -> (N,) in -1..1, smooth, features of size 1."""
    # Smoothstep inside each cell, by warping the coordinates: trilinear filtering alone shows its cells.
    whole = np.floor(points)
    part = points - whole
    warped = whole + part * part * (3 - 2 * part)
    found = map_coordinates(_lattice(channel), warped.T, order=1, mode="grid-wrap", output=np.float32)
    return np.asarray(found)


def fractal(points: npt.NDArray[Any], octaves: int, channel: int = 0) -> Values:
    """(N, 3) -> (N,) about -1..1: octaves of half the size and half the strength."""
    total = np.zeros(len(points), np.float32)
    for octave in range(octaves):
        total += noise(points * 2.0**octave + octave * 5.3, channel + octave) * np.float32(0.5**octave)
    return total
