"""Signed distance fields with known volumes, and the sums that tests need of them."""

from collections.abc import Callable

import msgspec
import torch

from ml_worker.mesh.solid import Material

Distance = Callable[[torch.Tensor], torch.Tensor]
Corners = tuple[tuple[float, float, float], tuple[float, float, float]]
RED = Material(name="red", color=(0.8, 0.1, 0.1))
BLUE = Material(name="blue", color=(0.1, 0.2, 0.7), metallic=1.0, roughness=0.25)


class Parts(msgspec.Struct, frozen=True, eq=False):
    """A union of parts, each with a material: the simplest `Solid`."""

    parts: tuple[Distance, ...]
    bounds: Corners
    materials: tuple[Material, ...] = (RED,)
    material_of_part: tuple[int, ...] | None = None
    """None: all parts have the first material."""

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        return torch.stack([part(points) for part in self.parts]).min(dim=0).values

    def material(self, points: torch.Tensor) -> torch.Tensor:
        nearest = torch.stack([part(points) for part in self.parts]).argmin(dim=0)
        return torch.tensor(self.material_of_part or (0,) * len(self.parts))[nearest]


def ball(centre: tuple[float, float, float], radius: float) -> Distance:
    return lambda p: (p - torch.tensor(centre)).norm(dim=1) - radius


def block(centre: tuple[float, float, float], half: tuple[float, float, float]) -> Distance:
    def distance(p: torch.Tensor) -> torch.Tensor:
        q = (p - torch.tensor(centre)).abs() - torch.tensor(half)
        return q.clamp(min=0).norm(dim=1) + q.max(dim=1).values.clamp(max=0)

    return distance


def rod(centre: tuple[float, float, float], radius: float, half: float) -> Distance:
    """Upright, flat ends."""

    def distance(p: torch.Tensor) -> torch.Tensor:
        q = p - torch.tensor(centre)
        d = torch.stack([(q[:, 0] ** 2 + q[:, 2] ** 2).sqrt() - radius, q[:, 1].abs() - half], dim=1)
        return d.clamp(min=0).norm(dim=1) + d.max(dim=1).values.clamp(max=0)

    return distance


def ring(centre: tuple[float, float, float], large: float, small: float) -> Distance:
    def distance(p: torch.Tensor) -> torch.Tensor:
        q = p - torch.tensor(centre)
        return (((q[:, 0] ** 2 + q[:, 2] ** 2).sqrt() - large) ** 2 + q[:, 1] ** 2).sqrt() - small

    return distance


def without(whole: Distance, *taken: Distance) -> Distance:
    return lambda p: torch.stack([whole(p), *(-part(p) for part in taken)]).max(dim=0).values


def sphere() -> Parts:
    return Parts((ball((0, 0.5, 0), 0.5),), ((-0.5, 0, -0.5), (0.5, 1, 0.5)))


def box(x: float = 0.1, y: float = 0.05, z: float = 0.02) -> Parts:
    return Parts((block((0, y / 2, 0), (x / 2, y / 2, z / 2)),), ((-x / 2, 0, -z / 2), (x / 2, y, z / 2)))


def torus() -> Parts:
    return Parts((ring((0, 0.1, 0), 0.4, 0.1),), ((-0.5, 0, -0.5), (0.5, 0.2, 0.5)))


def stool() -> Parts:
    """Red seat, blue metal legs: two materials, thin parts, edges, a few hundred triangles."""
    legs = tuple(rod((x, 0.2, z), 0.02, 0.2) for x in (-0.14, 0.14) for z in (-0.14, 0.14))
    seat = block((0, 0.42, 0), (0.18, 0.02, 0.18))
    return Parts((seat, *legs), ((-0.18, 0, -0.18), (0.18, 0.44, 0.18)), (RED, BLUE), (0, 1, 1, 1, 1))
