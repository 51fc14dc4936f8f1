"""The two shapes that a photo can take, as solids for the mesh pipeline: an inflated body and a relief plate."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from ml_worker.engines.relief.grid import Sheet
from ml_worker.mesh.solid import Material

Array = npt.NDArray[Any]
Corners = tuple[tuple[float, float, float], tuple[float, float, float]]
STEP = 0.15
"""How far an object's outline stands out from a plate: as far as the ground's light may do."""
PHOTO = Material(name="photo", color=(1.0, 1.0, 1.0), roughness=0.75)


class _PhotoSolid:
    materials: tuple[Material, ...] = (PHOTO,)
    bounds: Corners
    grain: float
    """Metres, about a pixel: below it the field is as uneven as its interpolation."""

    def material(self, points: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(points), dtype=torch.int64, device=points.device)


class Body(_PhotoSolid):
    """Both sides bulge by the film's height times `bulge`; their rims meet in the outline, rounded."""

    def __init__(self, film: Array, distance: Array, pixel: float, bulge: float) -> None:
        """`film`: squared height and `distance`: signed, both (H, W) in pixels; `pixel`: metres."""
        inside = np.argwhere(distance > 0)
        (top_row, left_column), (bottom_row, right_column) = inside.min(axis=0), inside.max(axis=0)
        middle = (left_column + right_column + 1) / 2 * pixel
        self.left, self.top = -middle, (bottom_row + 1) * pixel
        film = film.astype(np.float32) * pixel**2
        slope_y, slope_x = np.gradient(film, pixel)
        self.sheet = Sheet(np.stack([film, slope_x, slope_y]), self.left, self.top, pixel)
        self.bulge = bulge
        self.pixel = self.grain = pixel
        thick = float(np.sqrt(max(film.max(), 0))) * bulge
        right, up = (right_column + 1) * pixel - middle, self.top - top_row * pixel
        self.bounds = ((left_column * pixel - middle, 0.0, -thick), (right, up, thick))

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        """First-order distance of f = (z / bulge)^2 - film: f over the length of its gradient."""
        film, slope_x, slope_y = self.sheet.at(points[:, 0], points[:, 1])
        z = points[:, 2] / self.bulge
        value = z * z - film
        steep = torch.sqrt(slope_x**2 + slope_y**2 + (2 * z / self.bulge) ** 2).clamp(min=self.pixel * 0.1)
        straight = torch.sqrt(film.clamp(min=0)) * self.bulge - points[:, 2].abs()
        # Deep inside the gradient vanishes; the way straight out bounds the distance there. Far outside, where the
        # film falls steeply, the way to the bounds does: else the mesher would look for a surface all over the place.
        outside = torch.maximum(value / steep, self._beyond(points))
        return torch.where(value < 0, torch.maximum(value / steep, -straight.clamp(min=0)), outside)

    def _beyond(self, points: torch.Tensor) -> torch.Tensor:
        """(N,) metres outside of the bounds and two pixels around them; 0 within."""
        low, high = points.new_tensor(self.bounds)
        off = (points - (low + high) / 2).abs() - (high - low) / 2 - 2 * self.pixel
        beyond: torch.Tensor = off.clamp(min=0).norm(dim=1)
        return beyond


class Plate(_PhotoSolid):
    """A rounded tile that stands upright; its front rises by `height` (metres, (H, W)) over the base."""

    def __init__(self, height: Array, pixel: float, base: float) -> None:
        rows, columns = height.shape
        self.left, self.top = -columns * pixel / 2, rows * pixel
        rim = 2.2 * pixel * max(rows, columns) / 100
        slope_y, slope_x = np.gradient(height, pixel)
        self.sheet = Sheet(np.stack([height, slope_x, slope_y]), self.left, self.top, pixel)
        self.half = (columns * pixel / 2, rows * pixel / 2)
        self.rim = min(rim, *self.half)
        self.base = base
        self.grain = pixel / 4
        peak = float(height.max())
        self.bounds = ((self.left, 0.0, -base), (-self.left, self.top, peak))

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        height, slope_x, slope_y = self.sheet.at(points[:, 0], points[:, 1])
        front = (points[:, 2] - height) / torch.sqrt(1 + slope_x**2 + slope_y**2)
        back = -self.base - points[:, 2]
        middle = torch.stack([points[:, 0], points[:, 1] - self.half[1]], dim=1)
        corner = middle.abs() - torch.tensor(self.half, device=points.device) + self.rim
        side = corner.clamp(min=0).norm(dim=1) + corner.max(dim=1).values.clamp(max=0) - self.rim
        return torch.maximum(torch.maximum(front, back), side)


def relief_height(color: Array, film: Array | None, deepest: float) -> Array:
    """(H, W) metres, 0..`deepest`: what a medal cutter would raise.

    Depth is a guess: the object (where one was found) swells as a body would, and light parts stand out a little.
    """
    light = cv2.cvtColor(color, cv2.COLOR_RGB2LAB)[:, :, 0].astype(np.float32) / 255
    size = max(color.shape[:2])
    smooth = cv2.bilateralFilter(light, d=0, sigmaColor=0.12, sigmaSpace=max(size / 160, 1.5))
    inside = np.zeros(light.shape, bool) if film is None else film > 0
    broad = np.where(inside, _broadly(smooth, inside, size / 14), _broadly(smooth, ~inside, size / 14))
    detail = np.clip(smooth - broad, -0.25, 0.25) / 0.5 + 0.5
    if film is None:
        mixed = 0.55 * smooth + 0.45 * detail
    else:
        swell = np.sqrt(np.clip(film, 0, None))
        mixed = 0.6 * swell / max(float(swell.max()), 1e-6) + 0.15 * smooth + 0.25 * detail + STEP * inside
    raised = cv2.GaussianBlur(mixed.astype(np.float32), (0, 0), max(size / 260, 1.0))
    low, high = float(raised.min()), float(raised.max())
    return np.asarray((raised - low) / max(high - low, 1e-6) * deepest, np.float32)


def _broadly(light: Array, there: Array, radius: float) -> Array:
    """The light around, of the pixels `there` alone: that of a dark object says nothing of the ground beside it."""
    weight = cv2.GaussianBlur(there.astype(np.float32), (0, 0), radius)
    return np.asarray(cv2.GaussianBlur(light * there, (0, 0), radius) / np.maximum(weight, 1e-6))
