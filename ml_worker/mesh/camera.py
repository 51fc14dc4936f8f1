"""Where pictures of a model are taken from, and what is behind it."""

from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
AZIMUTH, ELEVATION, FIELD_OF_VIEW = np.radians([32, 22, 28])
MARGIN = 1.16
BACKDROP = np.array([[0.965, 0.968, 0.975], [0.86, 0.87, 0.89]], np.float32)
"""sRGB of the picture's middle and of its corners."""
AROUND = 64
"""Places on the circle that a point goes through on a turntable."""


class Camera(msgspec.Struct, frozen=True, eq=False):
    eye: Array
    right: Array
    up: Array
    ahead: Array
    scale: float
    """Half the picture's width at distance 1."""
    side: int
    """Pixels."""

    def rays(self, x: Array, y: Array) -> Array:
        """(N, 3) float32 directions through pixels, in pixels."""
        u = ((x / self.side * 2 - 1) * self.scale).astype(np.float32)
        v = ((1 - y / self.side * 2) * self.scale).astype(np.float32)
        right, up, ahead = (axis.astype(np.float32) for axis in (self.right, self.up, self.ahead))
        directions = ahead + u[:, None] * right + v[:, None] * up
        return np.asarray(directions / np.sqrt(1 + u * u + v * v)[:, None])

    def seen_from(self, turn: Array) -> "Camera":
        """The same camera in the frame of a model that has been turned: `turn` (3, 3), model to studio."""
        eye, right, up, ahead = (axis @ turn for axis in (self.eye, self.right, self.up, self.ahead))
        return Camera(eye, right, up, ahead, self.scale, self.side)


def aim(points: Array, side: int) -> Camera:
    """A camera in front, to the right and above, so near that the points just fill the picture."""
    ahead = -np.array([np.sin(AZIMUTH) * np.cos(ELEVATION), np.sin(ELEVATION), np.cos(AZIMUTH) * np.cos(ELEVATION)])
    right = np.cross(ahead, [0, 1, 0])
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    scale = float(np.tan(FIELD_OF_VIEW / 2))
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    for _ in range(4):  # the middle of what is seen moves as the camera does
        local = points - centre
        x, y, z = local @ right, local @ up, local @ ahead
        distance = float((np.maximum(np.abs(x), np.abs(y)) * MARGIN / scale - z).max())
        depth = z + distance
        shift_x = ((x / depth).max() + (x / depth).min()) / 2 * distance
        shift_y = ((y / depth).max() + (y / depth).min()) / 2 * distance
        centre = centre + right * shift_x + up * shift_y
    return Camera(centre - ahead * distance, right, up, ahead, scale, side)


def aim_at_all_turns(points: Array, side: int) -> Camera:
    """The same for points that turn about the Y axis: near enough for whatever way they are turned."""
    outline = np.stack([np.hypot(points[:, 0], points[:, 2]), points[:, 1]], axis=1).astype(np.float32)
    radius, height = cv2.convexHull(outline).reshape(-1, 2).astype(float).T
    angle = np.arange(AROUND) / AROUND * 2 * np.pi
    across, along = np.outer(radius, np.sin(angle)), np.outer(radius, np.cos(angle))
    return aim(np.stack([across.ravel(), height.repeat(AROUND), along.ravel()], axis=1), side)


def backdrop(x: Array, y: Array, side: int) -> Array:
    """(N, 3) sRGB behind pixels, in pixels: bright in the middle."""
    away = np.clip(np.hypot(x / side - 0.5, y / side - 0.5) * 1.5, 0, 1)[:, None] ** 1.6
    return np.asarray(BACKDROP[0] + (BACKDROP[1] - BACKDROP[0]) * away)
