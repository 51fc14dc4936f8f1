"""What the mesh pipeline takes: a solid given by a signed distance field, made of parts with materials."""

from typing import Protocol

import msgspec
import torch


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """Metallic-roughness material (glTF 2.0, section 3.9). Colours are sRGB, 0..1."""

    name: str
    color: tuple[float, float, float]
    metallic: float = 0.0
    roughness: float = 0.6
    opacity: float = 1.0
    """How much of what is behind a surface it hides: 1 all, as most things do; glass some of it at each surface."""
    pattern: str = "plain"
    """`plain`, `wood`, `marble`, `brushed`, `fabric`, `brick`, …: a procedural texture baked in object space."""
    color2: tuple[float, float, float] | None = None
    """Second colour of the pattern; None: derived from `color`."""
    scale: float = 1.0
    """Size of the pattern: 1 means its natural size in metres."""


class Solid(Protocol):
    """Metres, Y up, standing on Y = 0, front towards +Z, centred on X and Z. All tensors float32 on one device."""

    bounds: tuple[tuple[float, float, float], tuple[float, float, float]]
    """Lower and upper corner, tight within a few per cent."""
    materials: tuple[Material, ...]

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        """(N, 3) -> (N,) signed distance in metres, negative inside; Lipschitz 1 or a lower bound of it."""
        ...

    def material(self, points: torch.Tensor) -> torch.Tensor:
        """(N, 3) -> (N,) int64 index into `materials` of the nearest part."""
        ...
