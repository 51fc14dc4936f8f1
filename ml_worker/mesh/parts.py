"""Which faces show which material, for formats whose materials have one roughness and one metalness each."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.mesh import Ints
from ml_worker.mesh.paint import Coat

Array = npt.NDArray[Any]


class Part(msgspec.Struct, frozen=True):
    name: str
    """Unlike the names of the other parts."""
    roughness: float
    metallic: float
    opacity: float = 1.0
    """Less than 1: glass, and the like."""


class Layer(msgspec.Struct, frozen=True, eq=False):
    """Faces that hide equally much of what is behind them: a material of their own, in most formats."""

    suffix: str
    """For the material's name: empty, `_glass`, `_glass2`, …"""
    opacity: float
    faces: Ints
    """(N,), in their order."""


class Parts(msgspec.Struct, frozen=True, eq=False):
    parts: tuple[Part, ...]
    """Those that a face shows, in the order of the paint's regions."""
    of_face: Ints
    """(F,) int32 index into `parts`."""

    def opacity(self) -> Array:
        """(P,) by part."""
        return np.array([part.opacity for part in self.parts])

    def layers(self) -> tuple[Layer, ...]:
        """What hides most first: the order to draw them in. All but glass has no suffix."""
        opacity = self.opacity()
        levels = np.unique(opacity)[::-1]
        glass = int((levels < 1).sum())
        suffixes = [""] * (len(levels) - glass) + [f"_glass{n or ''}" for n in (0, *range(2, glass + 1))][:glass]
        of_face = opacity[self.of_face]
        return tuple(
            Layer(suffix, float(level), np.flatnonzero(of_face == level))
            for suffix, level in zip(suffixes, levels, strict=True)
        )


def parted(names: tuple[str, ...], of_face: Array, of_texel: Array, coat: Coat) -> Parts:
    """`of_face` (F,) and `of_texel` (T,): regions of the paint; a part's values are the mean of its texels."""
    shown, index = np.unique(of_face, return_inverse=True)
    found: list[Part] = []
    taken: set[str] = set()
    for region in shown.tolist():
        texels = of_texel == region
        if not texels.any():  # too small for a texel of its own
            texels = np.ones(len(of_texel), bool)
        name = _unlike(names[region], taken)
        taken.add(name)
        opacity = 1.0 if coat.opacity is None else _mean(coat.opacity[texels])
        found.append(Part(name, _mean(coat.roughness[texels]), _mean(coat.metallic[texels]), opacity))
    return Parts(tuple(found), index.astype(np.int32))


def _mean(values: Array) -> float:
    return round(float(values.mean(dtype=np.float64)), 4)


def _unlike(name: str, taken: set[str]) -> str:
    number, unlike = 1, name
    while unlike in taken:
        number += 1
        unlike = f"{name} {number}"
    return unlike
