"""The photo as the body's paint: projected along its line of sight, from the front and mirrored from behind."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from ml_worker.engines.relief.grid import Sheet
from ml_worker.mesh.paint import Coat, Surfaces

Array = npt.NDArray[Any]
FRINGE = 2.5
"""Pixels inside the outline whose colours may still have background in them; twice as many where it was guessed."""


class PhotoPaint:
    lossless = False
    names: tuple[str, ...] = ("photo",)

    def __init__(
        self, color: Array, distance: Array | None, left: float, top: float, pixel: float, fringe: float = FRINGE
    ) -> None:
        """`distance`: signed pixels to the outline; None: the whole photo is object."""
        clean = color if distance is None else without_fringe(color, distance, fringe)
        self.sheet = Sheet(clean.transpose(2, 0, 1).astype(np.float32) / 255, left, top, pixel)

    def regions(self, points: Array, closely: bool) -> Array:
        return np.zeros(len(points), np.int64)

    def coat(self, surfaces: Surfaces) -> Coat:
        points = torch.from_numpy(np.ascontiguousarray(surfaces.points, np.float32))
        with torch.inference_mode():
            color = self.sheet.at(points[:, 0], points[:, 1], mode="bilinear").T.numpy()
        size = len(color)
        return Coat(color, np.full(size, 0.75, np.float32), np.zeros(size, np.float32), np.zeros(size, np.float32))


def without_fringe(color: Array, distance: Array, fringe: float) -> Array:
    """Colours of the object run on over its outline: pixels near it and beyond take the nearest clean one."""
    depth = min(fringe, float(distance.max()) * 0.5)
    unclean = (distance < depth).astype(np.uint8)
    _, label = cv2.distanceTransformWithLabels(unclean, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    clean = unclean == 0
    number = np.zeros(int(label.max()) + 1, np.int64)
    number[label[clean]] = np.flatnonzero(clean)
    return np.asarray(color.reshape(-1, 3)[number[label]])
