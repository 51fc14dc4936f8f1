"""The look of a model from elsewhere: its textures and colours, remembered at many places of its surface."""

import warnings
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import trimesh
from PIL import Image
from scipy.spatial import cKDTree

from ml_worker.engines.remote.link import garbage
from ml_worker.mesh.paint import Coat, Surfaces

Array = npt.NDArray[Any]
MOST_PIXELS: Final = 64_000_000
SAMPLES: Final = 600_000
"""Places whose colour is remembered: about as many as a texture of 1024 has texels."""
PLAIN: Final = 0.48
"""Linear grey of what has no colour."""
_ROUGH: Final = 0.7


class SampledPaint:
    """A texel takes the colour of the nearest place."""

    lossless = False

    def __init__(self, points: Array, colors: Array, roughness: float, metallic: float) -> None:
        """(N, 3) metres; (N, 3) float32, sRGB 0..1."""
        self.names: tuple[str, ...] = ("model",)
        self._tree, self._colors = cKDTree(points), colors
        self._roughness, self._metallic = roughness, metallic

    def regions(self, points: Array, closely: bool) -> Array:
        return np.zeros(len(points), np.int64)

    def coat(self, surfaces: Surfaces) -> Coat:
        _, nearest = self._tree.query(surfaces.points)
        size = len(surfaces.points)
        return Coat(
            np.asarray(self._colors[nearest], np.float32),
            np.full(size, self._roughness, np.float32),
            np.full(size, self._metallic, np.float32),
            np.zeros(size, np.float32),
        )


def sampled(parts: list[trimesh.Trimesh], *, linear: bool) -> tuple[Array, Array]:
    """Places spread evenly over all surfaces, always the same ones, and their sRGB colours 0..1.

    `linear`: factors and corner colours are linear, as in glTF 2.0 (section 3.9.2); else they are sRGB.
    """
    areas = np.array([float(part.area) for part in parts])
    if not np.isfinite(areas).all() or areas.sum() <= 0:
        raise garbage("its surface has no area")
    points, colors = [], []
    for number, part in enumerate(parts):
        weight = np.asarray(part.area_faces, np.float64)
        if weight.sum() <= 0:
            continue
        count = max(1000, round(SAMPLES * areas[number] / areas.sum()))
        chance = np.random.default_rng(number)
        face = chance.choice(len(weight), count, p=weight / weight.sum())
        a, b = chance.random((2, count))
        fold = a + b > 1
        a, b = np.where(fold, 1 - a, a), np.where(fold, 1 - b, b)
        share = np.stack([1 - a - b, a, b], axis=1)
        corners = np.asarray(part.faces)[face]
        points.append(np.einsum("nk,nkd->nd", share, np.asarray(part.vertices)[corners]))
        colors.append(_colors(part.visual, corners, share, linear=linear))
    return np.concatenate(points), np.concatenate(colors)


def finish(parts: list[trimesh.Trimesh]) -> tuple[float, float]:
    """Roughness and metallic factor of the first part that names them, 0..1."""
    for part in parts:
        material = getattr(part.visual, "material", None)
        rough, metal = getattr(material, "roughnessFactor", None), getattr(material, "metallicFactor", None)
        if rough is not None or metal is not None:
            rough, metal = _ROUGH if rough is None else rough, 0.0 if metal is None else metal
            return float(np.clip(rough, 0.05, 1)), float(np.clip(metal, 0, 1))
    return _ROUGH, 0.0


def _colors(visual: Any, corners: Array, share: Array, *, linear: bool) -> Array:
    """(N, 3) float32 sRGB at places given by three corners and their shares."""
    if visual.kind == "vertex":
        by_corner = np.asarray(visual.vertex_colors, np.float32)[:, :3] / 255
        color = np.einsum("nk,nkd->nd", share, by_corner[corners])
        return np.asarray(_to_srgb(color) if linear else color, np.float32)
    material = getattr(visual, "material", None)
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    factor = _factor(material, linear=linear, plain=1.0 if picture is not None else PLAIN)
    if picture is None or visual.uv is None:
        return np.broadcast_to(_to_srgb(factor), (len(corners), 3)).astype(np.float32)
    texels = _to_linear(_texels(picture, visual.uv, corners, share))
    return np.asarray(_to_srgb(texels * factor), np.float32)


def _factor(material: Any, *, linear: bool, plain: float) -> Array:
    """(3,) linear."""
    factor = getattr(material, "baseColorFactor", None)
    if factor is None:
        return np.full(3, plain)
    values = np.asarray(factor, np.float64)[:3]
    values = values / 255 if values.max(initial=0) > 1 else values
    return values if linear else _to_linear(values)


def _texels(picture: Image.Image, uv: Array, corners: Array, share: Array) -> Array:
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise garbage(f"it has a texture of {width} x {height}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = np.asarray(picture.convert("RGB"), np.float64) / 255
    at = np.einsum("nk,nkd->nd", share, np.asarray(uv, np.float64)[corners])
    column = np.floor(at[:, 0] * width).astype(np.int64) % width
    row = np.floor((1 - at[:, 1]) * height).astype(np.int64) % height  # trimesh counts V from below
    return np.asarray(pixels[row, column])


def _to_linear(color: Array) -> Array:
    """IEC 61966-2-1."""
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def _to_srgb(color: Array) -> Array:
    color = np.clip(color, 0, 1)
    return np.where(color <= 0.0031308, color * 12.92, 1.055 * color ** (1 / 2.4) - 0.055)
