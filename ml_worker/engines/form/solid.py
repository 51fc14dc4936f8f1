"""What a family builds: parts of one material each, and several of the same object set out on the floor."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml_worker.engines.form.grouping import grouped
from ml_worker.engines.form.sdf.shape import Box, Points, Shape, Vec3
from ml_worker.mesh.solid import Material

Array = npt.NDArray[Any]
NOBODY: Final = -1
NEAR: Final = 0.01
"""Share of the diagonal within which a place on the surface finds its part at the first look."""


@dataclass(frozen=True, slots=True)
class Part:
    """`coats` colour the part's surface where it lies inside a coat's shape; a later coat covers an earlier one."""

    shape: Shape
    material: Material
    coats: tuple[tuple[Shape, Material], ...] = ()
    extra: bool = False
    """Beyond the object proper, whose size a person means: flowers in a vase, a saucer."""


class Assembly:
    """One object: the union of its parts. Implements `ml_worker.mesh.solid.Solid`."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        names: dict[Material, int] = {}
        for part in self.parts:
            for material in (part.material, *(coat for _, coat in part.coats)):
                names.setdefault(material, len(names))
        self._index = names
        self.materials: tuple[Material, ...] = tuple(names)
        self._shapes = tuple(part.shape for part in self.parts)
        self._tree = grouped(self._shapes)
        self._union = self._tree.shape(self._shapes)
        self.box = self._tree.box

    @property
    def bounds(self) -> tuple[Vec3, Vec3]:
        return self.box.lower, self.box.upper

    def distance(self, points: Tensor) -> Tensor:
        return self._union.distance(Points.of(points))

    def material(self, points: Tensor) -> Tensor:
        p = Points.of(points)
        owner = torch.from_numpy(self._owners(p))
        found_material = torch.tensor([self._index[part.material] for part in self.parts])[owner]
        for number, part in enumerate(self.parts):
            if not part.coats:
                continue
            index = (owner == number).nonzero().squeeze(1)
            mine = p.pick(index)
            for shape, coat in part.coats:
                covered = index[shape.distance(mine) < 0]
                found_material[covered] = self._index[coat]
        return found_material

    def _owners(self, p: Points) -> Array:
        """(N,) int64: the number of the part nearest to each point.

        Materials are asked for along the surface: a part whose box is not near has no say there.
        """
        owner = np.full(len(p.x), NOBODY, np.int64)
        self._tree.owners(p, self._shapes, torch.full_like(p.x, NEAR * math.dist(*self.box)), owner)
        far = np.flatnonzero(owner == NOBODY)
        if len(far):
            others = np.zeros(len(far), np.int64)
            rest = p.pick(torch.from_numpy(far))
            self._tree.owners(rest, self._shapes, torch.full_like(rest.x, math.inf), others)
            owner[far] = others
        return owner


class Standing:
    """An object set on Y = 0, centred on X and Z by its true surface box. `scale` makes it larger, by axis.

    Where the axes differ, the distance is a lower bound: by the smallest of them.
    """

    def __init__(self, inner: Assembly, surface: Box, scale: Vec3 = (1.0, 1.0, 1.0)) -> None:
        (x0, y0, z0), (x1, _, z1) = surface
        self._inner, self._scale, self._least = inner, torch.tensor(scale), min(scale)
        self._shift = torch.tensor([(x0 + x1) / 2, y0, (z0 + z1) / 2])
        w, h, d = (size * factor for size, factor in zip(surface.size, scale, strict=True))
        self.bounds: tuple[Vec3, Vec3] = ((-w / 2, 0.0, -d / 2), (w / 2, h, d / 2))
        self.materials = inner.materials

    def distance(self, points: Tensor) -> Tensor:
        return self._inner.distance(points / self._scale + self._shift) * self._least

    def material(self, points: Tensor) -> Tensor:
        return self._inner.material(points / self._scale + self._shift)


def rows(one: Standing, count: int) -> list[tuple[float, float]]:
    """Where `count` copies stand on the floor, (X, Z) in metres: up to four in a row, rows centred."""
    x1, _, z1 = one.bounds[1]
    gap = 0.22 * max(2 * x1, 2 * z1)
    pitch_x, pitch_z = 2 * x1 + gap, 2 * z1 + gap
    columns = count if count <= 3 else 2 if count == 4 else 3 if count in (5, 6, 9) else 4
    lengths = [min(columns, count - start) for start in range(0, count, columns)]
    return [
        ((column - (length - 1) / 2) * pitch_x, ((len(lengths) - 1) / 2 - row) * pitch_z)
        for row, length in enumerate(lengths)
        for column in range(length)
    ]
