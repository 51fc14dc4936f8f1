"""What a texel looks like: asked by the baker, answered from materials or from a photo."""

from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.engines.port import Permanent
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.lattice import Field
from ml_worker.mesh.patterns import PATTERNS, Places, second_color
from ml_worker.mesh.solid import Material

Array = npt.NDArray[Any]


class Surfaces(msgspec.Struct, frozen=True, eq=False):
    """Texels to paint."""

    points: Array
    """(N, 3) float32, metres."""
    normals: Array
    """(N, 3) float32."""
    region: Array
    """(N,) int64: what `Paint.regions` said of the place."""
    along: Array
    """(N,) 0..2: axis along which the piece that the texel belongs to is longest."""
    texel: float
    """Metres."""


class Coat(msgspec.Struct, frozen=True, eq=False):
    color: Array
    """(N, 3) float32, sRGB 0..1."""
    roughness: Array
    metallic: Array
    height: Array
    """(N,) metres above the mesh, for the normal map."""
    opacity: Array | None = None
    """(N,) 0..1, None where nothing can be seen through."""


class Paint(Protocol):
    lossless: bool
    """Few colours with hard edges between them: keep the picture as PNG."""
    names: tuple[str, ...]
    """Of the regions, by their number: what a person calls the material there."""

    def regions(self, points: Array, closely: bool) -> Array:
        """(N, 3) -> (N,) int64. Regions are large: the baker asks a few texels, and again `closely` along borders."""
        ...

    def coat(self, surfaces: Surfaces) -> Coat: ...


class MaterialPaint:
    """Paints a solid's parts with their materials. Raises Permanent `material-unknown` for a strange pattern."""

    def __init__(self, field: Field) -> None:
        self.field = field
        low, high = field.solid.bounds
        self.reach = max(b - a for a, b in zip(low, high, strict=True)) * 1e-4
        self.materials: tuple[Material, ...] = field.solid.materials
        for material in self.materials:
            if material.pattern not in PATTERNS:
                raise Permanent("material-unknown", f"There is no pattern named {material.pattern!r}.")
        self.lossless = all(material.pattern == "plain" for material in self.materials)
        self.names = tuple(material.name for material in self.materials)
        self._opacity = np.array([material.opacity for material in self.materials], np.float32)

    def regions(self, points: Array, closely: bool) -> Array:
        if closely:  # chords of round parts lie beside the surface, which would make a border wave
            away = self.field.distance(points)
            beside = np.flatnonzero(np.abs(away) > 3 * self.reach)
            points = points.copy()
            points[beside] -= self.field.gradient(points[beside], self.reach) * away[beside, None]
        return self.field.material(points)

    def coat(self, surfaces: Surfaces) -> Coat:
        size = len(surfaces.points)
        coat = Coat(
            np.zeros((size, 3), np.float32), np.zeros(size, np.float32), np.zeros(size, np.float32),
            np.zeros(size, np.float32), self._opacity[surfaces.region] if (self._opacity < 1).any() else None,
        )  # fmt: skip
        rows, stops = _sorted(surfaces.region, len(self.materials))
        for material, mine in zip(self.materials, np.split(rows, stops[:-1]), strict=True):
            if len(mine):
                self.field.watch()
                self._fill(coat, material, mine, surfaces)
        return coat

    def _fill(self, coat: Coat, material: Material, rows: Array, surfaces: Surfaces) -> None:
        if material.pattern == "plain":
            _plain(rows, np.array(material.color, np.float32), coat.color)
            coat.roughness[rows] = np.clip(np.float32(material.roughness), 0.04, 1)
            coat.metallic[rows] = material.metallic
            return
        places = Places(
            surfaces.points[rows] / np.float32(material.scale),
            surfaces.normals[rows],
            surfaces.along[rows],
            surfaces.texel / material.scale,
        )
        look = PATTERNS[material.pattern](places)
        first = np.array(material.color, np.float32)
        second = np.array(material.color2 or second_color(material.pattern, material.color), np.float32)
        mix, shade, rough, height = (
            np.broadcast_to(np.asarray(values, np.float32), len(rows))
            for values in (look.mix, look.shade, look.roughness, 0.0 if look.height is None else look.height)
        )
        _mix(rows, mix, shade, first, second, coat.color)
        coat.roughness[rows] = np.clip(np.float32(material.roughness) + rough, 0.04, 1)
        coat.metallic[rows] = material.metallic
        if look.height is not None:
            coat.height[rows] = height * np.float32(material.scale)


@compiled
def _sorted(region: Array, count: int) -> tuple[Array, Array]:
    """The texels region by region, in their order, and (count,) where each region's end."""
    rows, stops = np.empty(len(region), np.int64), np.zeros(count, np.int64)
    for number in region:
        stops[number] += 1
    total = 0
    for number in range(count):
        total, stops[number] = total + stops[number], total
    for texel in range(len(region)):
        number = region[texel]
        rows[stops[number]] = texel
        stops[number] += 1
    return rows, stops


@compiled
def _plain(rows: Array, only: Array, color: Array) -> None:
    for row in rows:
        for k in range(3):
            color[row, k] = only[k]


@compiled
def _mix(rows: Array, mix: Array, shade: Array, first: Array, second: Array, color: Array) -> None:
    for number in range(len(rows)):
        for k in range(3):
            color[rows[number], k] = (first[k] + (second[k] - first[k]) * mix[number]) * shade[number]
