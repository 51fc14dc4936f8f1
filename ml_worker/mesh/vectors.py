"""Vectors in rows, (N, 3) in any floating width, in one pass over memory where NumPy takes several."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled

Array = npt.NDArray[Any]


def lengths(vectors: Array) -> Array:
    """(N,)."""
    found = np.empty(len(vectors), vectors.dtype)
    _measure(vectors, found)
    return found


def directions(vectors: Array) -> Array:
    """(N, 3), each of length 1; those without length stay 0."""
    found = np.empty(vectors.shape, vectors.dtype)
    _point(vectors, found)
    return found


def dots(one: Array, other: Array) -> Array:
    """(N,): the products of each pair."""
    found = np.empty(len(one), np.result_type(one, other))
    _multiply(one, other, found)
    return found


def crosses(one: Array, other: Array) -> Array:
    """(N, 3): the cross products of each pair."""
    found = np.empty(one.shape, np.result_type(one, other))
    _cross(one, other, found)
    return found


@compiled
def _measure(vectors: Array, found: Array) -> None:
    for row in range(len(vectors)):
        x, y, z = vectors[row, 0], vectors[row, 1], vectors[row, 2]
        found[row] = np.sqrt(x * x + y * y + z * z)


@compiled
def _point(vectors: Array, found: Array) -> None:
    for row in range(len(vectors)):
        x, y, z = vectors[row, 0], vectors[row, 1], vectors[row, 2]
        length = np.sqrt(x * x + y * y + z * z)
        if length == 0:
            length = length + 1
        found[row, 0], found[row, 1], found[row, 2] = x / length, y / length, z / length


@compiled
def _multiply(one: Array, other: Array, found: Array) -> None:
    for row in range(len(one)):
        found[row] = one[row, 0] * other[row, 0] + one[row, 1] * other[row, 1] + one[row, 2] * other[row, 2]


@compiled
def _cross(one: Array, other: Array, found: Array) -> None:
    for row in range(len(one)):
        a, b, c = one[row, 0], one[row, 1], one[row, 2]
        x, y, z = other[row, 0], other[row, 1], other[row, 2]
        found[row, 0], found[row, 1], found[row, 2] = b * z - c * y, c * x - a * z, a * y - b * x
