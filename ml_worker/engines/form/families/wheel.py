"""A car's wheel, its axle along X, outside towards +X."""

import math

from ml_worker.engines.form.sdf.profile import polygon, revolve, rounded
from ml_worker.engines.form.sdf.shape import Shape, ring, union
from ml_worker.engines.form.sdf.solids import box, cylinder


def wheel(radius: float, width: float, spokes: int) -> tuple[Shape, Shape]:
    """(tyre, rim); centred on the origin, the two overlap."""
    inner, half = radius * 0.66, width / 2
    tyre = revolve(
        polygon(
            rounded(
                [
                    (inner, -half * 0.9, 0.02 * radius),
                    (radius * 0.9, -half, 0.12 * radius),
                    (radius, -half * 0.7, 0.08 * radius),
                    (radius, half * 0.7, 0.08 * radius),
                    (radius * 0.9, half, 0.12 * radius),
                    (inner, half * 0.9, 0.02 * radius),
                ]
            )
        )
    )
    barrel = revolve(
        polygon(
            [
                (inner * 0.9, -half * 0.8),
                (inner * 1.03, -half * 0.8),
                (inner * 1.03, half * 0.92),
                (inner * 0.95, half * 0.92),
                (inner * 0.9, half * 0.8),
            ]
        )
    )
    dish = cylinder(inner, half * 0.5).at(y=-half * 0.2)
    spoke = box(inner * 0.2, half * 0.5, inner * 0.96, inner * 0.06).at(y=half * 0.42, z=inner * 0.48)
    hub = cylinder(inner * 0.24, half * 0.75, inner * 0.06).at(y=half * 0.45)
    star = ring(spoke, spokes, 360 / spokes * math.pi / 10).joined(hub, inner * 0.08)
    return tyre.turned("z", -90), union([barrel, dish, star]).turned("z", -90)
