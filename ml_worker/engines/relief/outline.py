"""From coverage in pixels to a smooth outline, as a signed distance in pixels: no staircase, no fringe."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def signed_distance(inside: Array, smooth: float) -> Array:
    """(H, W) coverage 0..1 -> (H, W) float32 pixels, positive inside; `smooth`: radius of what is rounded away."""
    coarse = _distance(inside)
    rounded = cv2.GaussianBlur(coarse, (0, 0), smooth)
    return _distance(np.clip(rounded + 0.5, 0, 1))


def _distance(inside: Array) -> Array:
    """To the middle of the covered border; within a pixel of it the coverage itself is the better measure."""
    solid = (inside >= 0.5).astype(np.uint8)
    there = cv2.distanceTransform(solid, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    away = cv2.distanceTransform(1 - solid, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance = np.where(solid > 0, there - 0.5, 0.5 - away).astype(np.float32)
    partial = (inside > 0.02) & (inside < 0.98) & (np.abs(distance) <= 1)
    distance[partial] = inside[partial] - 0.5
    return distance
