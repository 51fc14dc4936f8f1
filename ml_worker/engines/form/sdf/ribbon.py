"""A strap of oval section along a line in the XY plane: handles."""

from collections.abc import Sequence

import torch

from ml_worker.engines.form.sdf.profile import Point2, stroke
from ml_worker.engines.form.sdf.shape import Box, Points, Shape


def ribbon(path: Sequence[Point2], thickness: float, width: float) -> Shape:
    """`thickness` in the plane of the path (metres), `width` across it (along Z); the section is an ellipse."""
    line = stroke(path, thickness)
    half, across = thickness / 2, width / 2

    def distance(p: Points) -> torch.Tensor:
        # The table holds the distance to the strap's middle line less `half`.
        u = line.distance(p.x, p.y).add_(half)
        a, b = u / half, p.z / across
        k0 = (a * a + b * b).sqrt_()
        k1 = ((a / half).square_() + (b / across).square_()).sqrt_().clamp_(min=1e-9)
        return torch.where(k0 < 1e-3, -half, k0 * (k0 - 1) / k1)

    (u0, v0), (u1, v1) = line.lower, line.upper
    return Shape(distance, Box((u0, v0, -across), (u1, v1, across)))
