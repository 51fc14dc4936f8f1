"""What vases and bowls share: a wall along a smooth line, a closed floor, a foot, and ribs or stripes on it."""

import math
from collections.abc import Sequence

import torch

from ml_worker.engines.form.families.family import Wish
from ml_worker.engines.form.materials import make
from ml_worker.engines.form.palette import contrast
from ml_worker.engines.form.sdf.profile import Point2, polygon, revolve, stroke
from ml_worker.engines.form.sdf.shape import Points, Shape
from ml_worker.engines.form.sdf.solids import cylinder
from ml_worker.mesh.solid import Material


def shell(line: Sequence[Point2], wall: float) -> Shape:
    """A turned vessel standing on Y = 0. `line`: the middle of the wall from the foot's rim up to the lip."""
    foot, low = line[0]
    floor = [(0.0, wall * 0.75), (max(foot - wall, foot * 0.5), wall * 0.75)]
    base = stroke(floor, wall * 1.5)
    ring = stroke([(foot, wall / 2), (foot, max(low, wall * 0.6))], wall)
    return revolve(stroke(line, wall).joined(base).joined(ring))


def ribbed(shape: Shape, radius: float, count: int, depth: float, twist: float = 0.0) -> Shape:
    """The wall folded into flutes around the Y axis, as thick as before; `twist` in turns per metre of height."""
    ease = 1 / (1 + depth / 2 * count * (1 / (0.6 * radius) + abs(twist) * 2 * math.pi) * 0.5)

    def distance(p: Points) -> torch.Tensor:
        angle = torch.atan2(p.x, p.z) * count + p.y * (twist * 2 * math.pi * count)
        r = (p.x * p.x + p.z * p.z).sqrt_().clamp_(min=1e-6)
        # Flutes fade out towards the axis, where they would meet in a point, and towards the foot.
        fade = ((r - 0.2 * radius) / (0.4 * radius)).clamp(0, 1) * (p.y / (0.35 * radius) - 0.12).clamp_(0, 1)
        factor = 1 - angle.cos_().mul_(depth / 2) * fade / r
        return shape.distance(Points(p.x * factor, p.y, p.z * factor)) * ease

    return Shape(distance, shape.box.grown(depth / 2))


def interior(line: Sequence[Point2], wall: float, height: float) -> Shape:
    """The room within, up to just below the lip."""
    inner = [(max(r - 0.25 * wall, 0.0), y) for r, y in line]
    return revolve(
        polygon(
            [(0, wall * 1.1), (inner[0][0], wall * 1.1), *inner[1:], (inner[-1][0], height + wall), (0, height + wall)]
        )
    )


def stripes(
    wish: Wish, radius: float, height: float, main: Material, within: Shape | None
) -> list[tuple[Shape, Material]]:
    """Level bands over the middle of the vessel, not `within`, in the asked colour or a contrast of the main one."""
    count = wish.count("stripe")
    if not count:
        return []
    given = wish.finishes.get("stripe") or wish.finishes.get("accent")
    other = make("ceramic", contrast(main.color), "stripe")
    material = wish.finish("stripe", "ceramic", accent=True, follow="none") if given else other
    step = height * 0.5 / count
    bands = [cylinder(radius * 1.2, step * 0.45).at(y=height * 0.25 + step * (i + 0.5)) for i in range(count)]
    return [*((band, material) for band in bands), *([(within, main)] if within else [])]
