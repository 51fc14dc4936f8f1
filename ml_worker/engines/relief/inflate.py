"""Blowing an outline up into a body, as a soap film would: the membrane's equation gives its squared height."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

Array = npt.NDArray[Any]
GRID = 192
"""Cells along the longer side of the membrane."""
SOFT = 1.2
"""Cells: how far unevenness of the solved film is smoothed."""
FINE = 0.0032
"""Share of the longer side over which unevenness of the outline's own distance is smoothed."""


def squared_height(distance: Array) -> Array:
    """(H, W) signed pixels -> (H, W) float32: squared height, in pixels^2; negative outside, smooth across the outline.

    Solves laplace(u) = -4 inside with u = 0 on the outline, so that a disc of radius R gives R^2 - r^2: a ball.
    Outside it goes on with the slope that it has at the nearest point of the outline.
    """
    height, width = distance.shape
    scale = min(1.0, GRID / max(height, width))
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    small = cv2.resize(distance, size, interpolation=cv2.INTER_AREA) * scale
    film = cv2.GaussianBlur(_film(small), (0, 0), SOFT)
    large = cv2.resize(film, (width, height), interpolation=cv2.INTER_CUBIC) / scale**2
    # The film is solved on a coarse grid; near the outline the fine one knows better where it is 0.
    slope = _edge_slope(large, distance, reach=3 / scale)
    near = np.clip(1 - distance / (5 / scale), 0, 1)
    near = near * near * (3 - 2 * near)
    line = slope * distance
    whole = np.where(distance > 0, large * (1 - near) + line * near, line).astype(np.float32)
    return cv2.GaussianBlur(whole, (0, 0), max(height, width) * FINE)


def _film(distance: Array) -> Array:
    inside = distance > 0
    count = int(inside.sum())
    film = np.zeros(distance.shape, np.float32)
    if count == 0:
        return film
    number = np.full(distance.shape, -1)
    number[inside] = np.arange(count)
    padded = np.pad(number, 1, constant_values=-1)
    far = np.pad(distance, 1, constant_values=-1.0)
    here = number[inside]
    diagonal = np.zeros(count)
    rows, columns, entries = [here], [here], [diagonal]
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        other = padded[dy : dy + distance.shape[0], dx : dx + distance.shape[1]][inside]
        beyond = far[dy : dy + distance.shape[0], dx : dx + distance.shape[1]][inside]
        # Where the outline cuts the way to the neighbour, it lies this share of a cell away (Shortley and Weller).
        share = np.clip(distance[inside] / np.maximum(distance[inside] - beyond, 1e-6), 0.2, 1)
        weight = np.where(other >= 0, 1.0, 1 / share)
        diagonal += weight
        linked = other >= 0
        rows.append(here[linked])
        columns.append(other[linked])
        entries.append(np.full(int(linked.sum()), -1.0))
    matrix = coo_array((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count))
    film[inside] = spsolve(matrix.tocsc(), np.full(count, 4.0))
    return np.maximum(film, 0)


def _edge_slope(film: Array, distance: Array, reach: float) -> Array:
    """How fast the film rises behind the nearest point of the outline, everywhere."""
    band = (distance > reach * 0.5) & (distance < reach)
    if not band.any():
        band = distance == distance.max()
    slope = np.where(band, film / np.maximum(distance, 1e-3), 0).astype(np.float32)
    _, label = cv2.distanceTransformWithLabels((~band).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    value = np.zeros(int(label.max()) + 1, np.float32)
    value[label[band]] = slope[band]
    spread = cv2.GaussianBlur(value[label], (0, 0), max(reach / 2, 1))
    return np.asarray(np.maximum(spread, 1.0))
