"""A model in the photo studio, asked what light comes through a pixel: ray traced on the CPU, without a display.

Lamp shadows on the floor are worked out on a coarse grid (they are soft), occlusion comes from the baked map. Glass is
looked through, a layer at a time: what it scatters and mirrors lies over what is behind it.
"""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.assets import Asset
from ml_worker.mesh.camera import Camera, backdrop
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.rays import MISS, Rays, hemisphere
from ml_worker.mesh.studio import develop, lamp, shade, to_linear, to_srgb

Array = npt.NDArray[Any]
LAMP_RAYS, FLOOR_RAYS = 9, 28
LAYERS: Final = 6
"""Of glass that one look goes through."""
GLASS_SHADOW: Final = 0.3
"""Share of the light that glass keeps from what stands behind it."""
UPRIGHT: Final = np.eye(3)


class Scene:
    """What is the same for all pictures of a model. Everything is in the model's frame."""

    def __init__(self, asset: Asset, side: int, floor_grid: int) -> None:
        """`side`: pixels of the largest texture that makes sense; `floor_grid`: places a side of the shadows' grid."""
        self.asset = asset
        self.rays = Rays(asset.solid)
        self.floor = float(asset.solid.vertices[:, 1].min())
        side = min(asset.maps.color.shape[0], side)
        self.color = to_linear(_shrunk(asset.maps.color, side).astype(np.float32) / 255).astype(np.float32)
        self.surface = _shrunk(asset.maps.surface, side).astype(np.float32) / 255
        relief = asset.maps.normal
        self.relief = None if relief is None else _shrunk(relief, side).astype(np.float32) / 127.5 - 1
        self.lamp = lamp(LAMP_RAYS)
        opacity = asset.parts.opacity().astype(np.float32)
        self.opacity: Array | None = opacity[asset.parts.of_face] if (opacity < 1).any() else None
        """(F,), None when nothing can be seen through."""
        self._solid_only = self.rays
        if self.opacity is not None:
            self.outward = asset.solid.face_normals().astype(np.float32)
            solid = asset.solid.faces[self.opacity == 1]
            self._solid_only = Rays(Mesh(asset.solid.vertices, solid)) if len(solid) else self.rays
            self._all_glass = not len(solid)
        self.floor_grid = floor_grid
        self.floor_points, self.floor_low, self.floor_span = self._floor()
        self.floor_sky = self._sky(self.floor_points)

    def _floor(self) -> tuple[Array, Array, float]:
        """(G * G, 3) places on the floor around the model, the grid's lowest X and Z, and its side."""
        low, high = self.asset.solid.bounds()
        tall = high[1] - low[1]
        span = float(max(high[0] - low[0], high[2] - low[2]) + 2.6 * tall) * 1.1 + 0.8 * float((high - low).max())
        middle = (low + high) / 2
        grid = (np.arange(self.floor_grid) + 0.5) / self.floor_grid * span - span / 2
        x, z = np.meshgrid(grid + middle[0], grid + middle[2])
        points = np.stack([x.ravel(), np.full(x.size, self.floor + self.rays.size * 1e-4), z.ravel()], axis=1)
        return points, np.array([middle[0], middle[2]]) - span / 2, span

    def _sky(self, points: Array) -> Array:
        """(N,) how open the sky above places on the floor is."""
        sky = np.zeros(len(points))
        reach = self.rays.size * 1.5
        for a, b, c in hemisphere(FLOOR_RAYS):
            direction = np.broadcast_to(np.array([a, c, b]), points.shape)
            near = 1 - self.rays.distances(points, direction, reach) / reach
            if self.opacity is not None:
                near = self._thinned(near, points, direction, reach)
            sky += 1 - near * near
        return np.asarray(sky / FLOOR_RAYS)

    def _thinned(self, near: Array, points: Array, direction: Array, reach: float) -> Array:
        """`near` (N,) of whatever is met first, less where that is glass."""
        solid = np.zeros_like(near) if self._all_glass else (
            1 - self._solid_only.distances(points, direction, reach) / reach
        )  # fmt: skip
        return np.asarray(np.maximum(solid, near * GLASS_SHADOW))

    def sees(self, points: Array, direction: Array) -> Array:
        """(N,) share of the light from far away in that direction that gets to the points."""
        far = self.rays.size * 4
        along = np.broadcast_to(direction, points.shape)
        free = self.rays.distances(points, along, far) >= far
        if self.opacity is None:
            return free
        through = np.where(free, 1.0, 1 - GLASS_SHADOW)
        return through if self._all_glass else through * (self._solid_only.distances(points, along, far) >= far)


class Shot:
    """One picture of a scene. `turn` (3, 3): how the model stands in the studio, whose lamps and camera stay."""

    def __init__(self, scene: Scene, camera: Camera, turn: Array = UPRIGHT) -> None:
        self.scene = scene
        self.camera = camera.seen_from(turn)
        self.turn = turn.astype(np.float32)
        self.lamp = scene.lamp @ turn
        lit = np.zeros(len(scene.floor_points))
        for direction in self.lamp:
            lit += scene.sees(scene.floor_points, direction)
        light = 0.45 * lit / LAMP_RAYS + 0.55 * scene.floor_sky
        picture = light.reshape(scene.floor_grid, scene.floor_grid).astype(np.float32)
        self.floor_light = cv2.GaussianBlur(picture, (0, 0), 0.9)

    def lit(self, points: Array, normals: Array) -> Array:
        """(N,) share of the lamp that each point sees."""
        start = points + normals * (self.scene.rays.size * 1e-3)
        total = np.zeros(len(points), np.float32)
        for direction in self.lamp:
            total += self.scene.sees(start, direction)
        return total / LAMP_RAYS

    def _lit(self, points: Array, normals: Array, opacity: Array | None) -> Array:
        """The same; on glass, which scatters little, shadows are not worth their rays."""
        if opacity is None:
            return self.lit(points, normals)
        share, solid = np.full(len(points), 1 - GLASS_SHADOW, np.float32), opacity == 1
        share[solid] = self.lit(points[solid], normals[solid])
        return share

    def background(self, x: Array, y: Array, directions: Array) -> Array:
        """(N, 3) sRGB of backdrop and floor where no part of the model is seen."""
        scene, size = self.scene, self.scene.floor_grid
        color = backdrop(x, y, self.camera.side)
        down = directions[:, 1]
        hits = down < -1e-4
        distance = np.where(hits, (scene.floor - self.camera.eye[1]) / np.where(hits, down, -1), 0)
        ground = self.camera.eye[[0, 2]] + directions[:, [0, 2]] * distance[:, None]
        at = ((ground - scene.floor_low) / scene.floor_span * size - 0.5).astype(np.float32)
        light = lookup(self.floor_light, at, cv2.INTER_CUBIC)
        nearest = np.minimum(np.minimum(at[:, 0], at[:, 1]), size - 1 - np.maximum(at[:, 0], at[:, 1]))
        inside = np.clip(nearest / (size * 0.12), 0, 1)
        dark = np.where(hits, (1 - np.clip(light, 0, 1)) * inside, 0)[:, None]
        tint = np.array([1.0, 0.98, 0.95], np.float32)
        return np.asarray(color * (1 - np.clip(dark * 0.95, 0, 0.9) * tint), np.float32)

    def trace(self, x: Array, y: Array, lit: Array | None = None) -> tuple[Array, Array]:
        """sRGB (N, 3) and the first face (N,) seen through pixel places. `lit`: known shadow."""
        directions = self.camera.rays(x, y)
        behind = self.background(x, y, directions)
        origins = np.broadcast_to(self.camera.eye, directions.shape)
        return self._seen(origins, directions, behind, lit, LAYERS)

    def _seen(
        self, origins: Array, directions: Array, behind: Array, lit: Array | None, layers: int
    ) -> tuple[Array, Array]:
        """`behind` (N, 3) is drawn upon."""
        scene, asset = self.scene, self.scene.asset
        face, distance, weight = scene.rays.first_hit(origins, directions)
        seen = np.flatnonzero(face != MISS)
        point = (origins[seen] + directions[seen] * distance[seen, None]).astype(np.float32)
        corners = asset.faces[face[seen]]
        normal = between(asset.normals, corners, weight[seen])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
        uv = between(asset.uvs, corners, weight[seen])
        texel = uv * np.float32(scene.color.shape[0]) - np.float32(0.5)
        if scene.relief is not None:
            tangent = between(asset.tangents, corners, weight[seen])
            normal = _leaned(normal, tangent, lookup(scene.relief, texel))
        base, surface = lookup(scene.color, texel), lookup(scene.surface, texel)
        view = -directions[seen].astype(np.float32)
        opacity = None if scene.opacity is None else scene.opacity[face[seen]]
        if opacity is not None:
            inside = np.einsum("ij,ij->i", scene.outward[face[seen]], view) < 0
            normal[inside] *= -1  # glass is seen from both of its sides
            base *= opacity[:, None]
            surface[:, 0] = np.where(opacity < 1, 1, surface[:, 0])
        share_lit = self._lit(point, normal, opacity) if lit is None else lit[seen]
        towards, eye = (normal.astype(np.float32) @ self.turn.T, view @ self.turn.T)
        shown = develop(shade(base, surface[:, 1], surface[:, 2], surface[:, 0], share_lit, towards, eye))
        if opacity is not None:
            clear = np.flatnonzero(opacity < 1)
            rows = seen[clear]
            if len(rows) and layers:
                start = point[clear] + directions[rows] * (scene.rays.size * 1e-4)
                self._behind(rows, start, directions, behind, layers)
            facing = np.clip(np.einsum("ij,ij->i", normal[clear], view[clear]), 0, 1)[:, None]
            mirrored = 0.04 + 0.96 * (1 - facing) ** 5
            passed = to_linear(behind[rows]) * (1 - opacity[clear, None]) * (1 - mirrored)
            shown[clear] = to_srgb(np.clip(to_linear(shown[clear]) + passed, 0, 1))
        behind[seen] = shown
        return behind, face

    def _behind(self, rows: Array, start: Array, directions: Array, behind: Array, layers: int) -> None:
        further, _ = self._seen(start, directions[rows], behind[rows], None, layers - 1)
        behind[rows] = further


def between(values: Array, corners: Array, weight: Array) -> Array:
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


def lookup(picture: Array, at: Array, filter_: int = cv2.INTER_LINEAR) -> Array:
    """(N, C): the picture at (N, 2) places in pixels from the first pixel's centre, column first."""
    columns = 4096  # cv2.remap takes at most 32767
    padded = np.zeros((-(-len(at) // columns) * columns, 2), np.float32)
    padded[: len(at)] = at
    grid = padded.reshape(-1, columns, 2)
    if not len(grid):
        return np.zeros((0, *picture.shape[2:]), np.float32)
    found = cv2.remap(picture, grid[:, :, 0], grid[:, :, 1], filter_, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, *picture.shape[2:])[: len(at)])
