"""The picture of a model: a ray-traced studio photo on the CPU, without a display.

One ray a pixel; lamp shadows on a half-size grid and floor shadows on a coarse grid (both are soft); occlusion from
the baked map; pixels where the picture changes quickly are traced again with more rays.
"""

from collections.abc import Callable
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.assets import Asset, encode
from ml_worker.mesh.rays import MISS, Rays, hemisphere
from ml_worker.mesh.studio import KEY, develop, lamp, shade, to_linear

Array = npt.NDArray[Any]
SIZE = 768
AZIMUTH, ELEVATION, FIELD_OF_VIEW = np.radians([32, 22, 28])
MARGIN = 1.16
LAMP_RAYS = 9
FLOOR_GRID, FLOOR_RAYS = 112, 28
FINE = np.array([[-0.375, -0.125], [0.125, -0.375], [0.375, 0.125], [-0.125, 0.375]])
"""Where in a pixel the extra rays go (rotated grid)."""
RESTLESS = 0.1
"""Contrast (of 1) with the pixels around from which a pixel gets the extra rays."""
BACKDROP = np.array([[0.965, 0.968, 0.975], [0.86, 0.87, 0.89]], np.float32)
"""sRGB of the picture's middle and of its corners."""


class Camera(msgspec.Struct, frozen=True, eq=False):
    eye: Array
    right: Array
    up: Array
    ahead: Array
    scale: float
    """Half the picture's width at distance 1."""

    def rays(self, x: Array, y: Array) -> Array:
        """(N, 3) float32 directions through pixels, in pixels."""
        u = ((x / SIZE * 2 - 1) * self.scale).astype(np.float32)
        v = ((1 - y / SIZE * 2) * self.scale).astype(np.float32)
        right, up, ahead = (axis.astype(np.float32) for axis in (self.right, self.up, self.ahead))
        directions = ahead + u[:, None] * right + v[:, None] * up
        return np.asarray(directions / np.sqrt(1 + u * u + v * v)[:, None])


def aim(points: Array) -> Camera:
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
    return Camera(centre - ahead * distance, right, up, ahead, scale)


def backdrop(x: Array, y: Array) -> Array:
    """(N, 3) sRGB behind pixels, in pixels: bright in the middle."""
    away = np.clip(np.hypot(x / SIZE - 0.5, y / SIZE - 0.5) * 1.5, 0, 1)[:, None] ** 1.6
    return np.asarray(BACKDROP[0] + (BACKDROP[1] - BACKDROP[0]) * away)


class _Scene:
    def __init__(self, asset: Asset) -> None:
        self.asset = asset
        self.rays = Rays(asset.solid)
        self.floor = float(asset.solid.vertices[:, 1].min())
        self.camera = aim(asset.solid.vertices)
        side = min(asset.maps.color.shape[0], SIZE)
        self.color = to_linear(_shrunk(asset.maps.color, side).astype(np.float32) / 255).astype(np.float32)
        self.surface = _shrunk(asset.maps.surface, side).astype(np.float32) / 255
        relief = asset.maps.normal
        self.relief = None if relief is None else _shrunk(relief, side).astype(np.float32) / 127.5 - 1
        self.lamp = lamp(LAMP_RAYS)
        self.floor_light, self.floor_low, self.floor_span = self._floor()

    def _floor(self) -> tuple[Array, Array, float]:
        """How bright the floor is around the model, on a grid: share of the lamp times share of the sky."""
        low, high = self.asset.solid.bounds()
        tall = high[1] - low[1]
        span = float(max(high[0] - low[0], high[2] - low[2]) + 2.6 * tall) * 1.1 + 0.8 * float((high - low).max())
        middle = (low + high) / 2
        grid = (np.arange(FLOOR_GRID) + 0.5) / FLOOR_GRID * span - span / 2
        x, z = np.meshgrid(grid + middle[0], grid + middle[2])
        points = np.stack([x.ravel(), np.full(x.size, self.floor + self.rays.size * 1e-4), z.ravel()], axis=1)
        lit = np.zeros(len(points))
        for direction in self.lamp:
            lit += self._sees(points, direction)
        sky = np.zeros(len(points))
        reach = self.rays.size * 1.5
        for a, b, c in hemisphere(FLOOR_RAYS):
            direction = np.broadcast_to(np.array([a, c, b]), points.shape)
            near = 1 - self.rays.distances(points, direction, reach) / reach
            sky += 1 - near * near
        light = 0.45 * lit / LAMP_RAYS + 0.55 * sky / FLOOR_RAYS
        picture = cv2.GaussianBlur(light.reshape(FLOOR_GRID, FLOOR_GRID).astype(np.float32), (0, 0), 0.9)
        return picture, np.array([middle[0], middle[2]]) - span / 2, span

    def _sees(self, points: Array, direction: Array) -> Array:
        far = self.rays.size * 4
        return self.rays.distances(points, np.broadcast_to(direction, points.shape), far) >= far

    def lit(self, points: Array, normals: Array) -> Array:
        """(N,) share of the lamp that each point sees."""
        start = points + normals * (self.rays.size * 1e-3)
        total = np.zeros(len(points), np.float32)
        for direction in self.lamp:
            total += self._sees(start, direction)
        return total / LAMP_RAYS

    def background(self, x: Array, y: Array, directions: Array) -> Array:
        """(N, 3) sRGB of backdrop and floor where no part of the model is seen."""
        color = backdrop(x, y)
        down = directions[:, 1]
        hits = down < -1e-4
        distance = np.where(hits, (self.floor - self.camera.eye[1]) / np.where(hits, down, -1), 0)
        ground = self.camera.eye[[0, 2]] + directions[:, [0, 2]] * distance[:, None]
        at = ((ground - self.floor_low) / self.floor_span * FLOOR_GRID - 0.5).astype(np.float32)
        light = _lookup(self.floor_light, at, cv2.INTER_CUBIC)
        inside = np.clip(np.minimum(at.min(axis=1), FLOOR_GRID - 1 - at.max(axis=1)) / (FLOOR_GRID * 0.12), 0, 1)
        dark = np.where(hits, (1 - np.clip(light, 0, 1)) * inside, 0)[:, None]
        tint = np.array([1.0, 0.98, 0.95], np.float32)
        return np.asarray(color * (1 - np.clip(dark * 0.95, 0, 0.9) * tint), np.float32)

    def trace(self, x: Array, y: Array, lit: Array | None = None) -> tuple[Array, Array, Array, Array]:
        """sRGB (N, 3), face (N,), point (N, 3), normal (N, 3) seen through pixel places. `lit`: known shadow."""
        directions = self.camera.rays(x, y)
        face, distance, weight = self.rays.first_hit(np.broadcast_to(self.camera.eye, directions.shape), directions)
        color = self.background(x, y, directions)
        seen = np.flatnonzero(face != MISS)
        point = (self.camera.eye + directions[seen] * distance[seen, None]).astype(np.float32)
        corners = self.asset.faces[face[seen]]
        normal = _between(self.asset.normals, corners, weight[seen])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
        uv = _between(self.asset.uvs, corners, weight[seen])
        texel = uv * np.float32(self.color.shape[0]) - np.float32(0.5)
        if self.relief is not None:
            tangent = _between(self.asset.tangents, corners, weight[seen])
            normal = _leaned(normal, tangent, _lookup(self.relief, texel))
        base, surface = _lookup(self.color, texel), _lookup(self.surface, texel)
        view = -directions[seen].astype(np.float32)
        share_lit = self.lit(point, normal) if lit is None else lit[seen]
        light = shade(base, surface[:, 1], surface[:, 2], surface[:, 0], share_lit, normal.astype(np.float32), view)
        color[seen] = develop(light)
        return color, face, point, normal


def _between(values: Array, corners: Array, weight: Array) -> Array:
    """(V, C) values -> (N, C) at places in faces: `corners` (N, 3), `weight` (N, 2) of the second and third corner."""
    base = values[corners[:, 0]]
    one, two = values[corners[:, 1]] - base, values[corners[:, 2]] - base
    return np.asarray(base + one * weight[:, :1] + two * weight[:, 1:])


def _leaned(normal: Array, tangent: Array, relief: Array) -> Array:
    """(N, 3) unit normals moved by what the normal map says (glTF 2.0, 3.9.3)."""
    along = tangent[:, :3] / np.maximum(np.linalg.norm(tangent[:, :3], axis=1, keepdims=True), 1e-6)
    upward = np.cross(normal, along) * np.sign(tangent[:, 3:])
    moved = along * relief[:, :1] + upward * relief[:, 1:2] + normal * relief[:, 2:]
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6))


def _shrunk(picture: Array, side: int) -> Array:
    return picture if picture.shape[0] == side else cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


def _lookup(picture: Array, at: Array, filter_: int = cv2.INTER_LINEAR) -> Array:
    """(N, C): the picture at (N, 2) places in pixels from the first pixel's centre, column first."""
    columns = 4096  # cv2.remap takes at most 32767
    padded = np.zeros((-(-len(at) // columns) * columns, 2), np.float32)
    padded[: len(at)] = at
    grid = padded.reshape(-1, columns, 2)
    if not len(grid):
        return np.zeros((0, *picture.shape[2:]), np.float32)
    found = cv2.remap(picture, grid[:, :, 0], grid[:, :, 1], filter_, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, *picture.shape[2:])[: len(at)])


def render(asset: Asset, watch: Callable[[], None] = lambda: None) -> bytes:
    """A PNG of SIZE x SIZE pixels. `watch` is called between the passes and may raise."""
    scene = _Scene(asset)
    watch()
    y, x = (grid.ravel() + 0.5 for grid in np.mgrid[0:SIZE, 0:SIZE])
    lit = _lamp_light(scene)
    watch()
    color, face, _, _ = scene.trace(x, y, lit)
    picture = color.reshape(SIZE, SIZE, 3)

    rough = _restless(picture, face.reshape(SIZE, SIZE))
    rows, columns = np.nonzero(rough)
    if len(rows):
        total = np.zeros((len(rows), 3), np.float32)
        for dx, dy in FINE:
            watch()
            again, _, _, _ = scene.trace(columns + 0.5 + dx, rows + 0.5 + dy, lit[rows * SIZE + columns])
            total += again
        picture[rows, columns] = total / len(FINE)
    levels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return encode(levels, lossless=True).data


def _lamp_light(scene: _Scene) -> Array:
    """(SIZE * SIZE,) share of the lamp seen in every pixel: traced on every second pixel, spread over the others."""
    half = SIZE // 2
    y, x = (grid.ravel() * 2.0 + 1 for grid in np.mgrid[0:half, 0:half])
    directions = scene.camera.rays(x, y)
    origin = np.broadcast_to(scene.camera.eye, directions.shape)
    face, distance, weight = scene.rays.first_hit(origin, directions)
    seen = np.flatnonzero(face != MISS)
    corners = scene.asset.faces[face[seen]]
    normal = _between(scene.asset.normals, corners, weight[seen])
    point = scene.camera.eye + directions[seen] * distance[seen, None]
    turned_to = normal @ KEY > 0  # elsewhere the lamp does not count, and its absence must not leak over edges
    seen = seen[turned_to]
    both = np.zeros((half * half, 2), np.float32)
    both[seen, 0] = scene.lit(point[turned_to], normal[turned_to])
    both[seen, 1] = 1
    lit, known = cv2.split(cv2.GaussianBlur(both.reshape(half, half, 2), (0, 0), 0.8))
    spread = np.divide(lit, known, out=np.ones_like(lit), where=known > 1e-3)
    return np.asarray(cv2.resize(spread, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)).ravel()


def _restless(picture: Array, face: Array) -> Array:
    """Pixels whose neighbourhood changes so quickly that one ray is not enough."""
    kernel = np.ones((3, 3), np.uint8)
    contrast = (cv2.dilate(picture, kernel) - cv2.erode(picture, kernel)).max(axis=2)
    model = (face != MISS).astype(np.uint8)
    outline = cv2.dilate(model, kernel) != cv2.erode(model, kernel)
    return np.asarray((contrast > RESTLESS) & (cv2.dilate(model, kernel) > 0) | outline)
