"""Many balls at once: cheaper to ask all of them than to sort out which are near."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ml_worker.engines.form.sdf.shape import Box, Points, Shape, Vec3, smooth_min


def _squared(p: Points, centre: Vec3) -> Tensor:
    x, y, z = p.x - centre[0], p.y - centre[1], p.z - centre[2]
    return x.square_().addcmul_(y, y).addcmul_(z, z)


def balls(centres: Sequence[Vec3], radius: float) -> Shape:
    """Balls of one radius."""

    def distance(p: Points) -> Tensor:
        best = _squared(p, centres[0])
        for centre in centres[1:]:
            best = torch.minimum(best, _squared(p, centre))
        return best.sqrt_().sub_(radius)

    return Shape(distance, Box.around(centres).grown(radius))


def cloud(centres: Sequence[Vec3], radii: Sequence[float], blend: float) -> Shape:
    """Balls whose seams are filled with a fillet of about `blend` metres."""

    def distance(p: Points) -> Tensor:
        best = torch.full_like(p.x, math.inf)
        for number, (centre, radius) in enumerate(zip(centres, radii, strict=True)):
            away = _squared(p, centre).sqrt_().sub_(radius)
            best = away if number == 0 else smooth_min(best, away, blend)
        return best

    box = Box.around(centres[:1]).grown(radii[0])
    for centre, radius in zip(centres, radii, strict=True):
        box = box.joined(Box.around([centre]).grown(radius))
    return Shape(distance, box.grown(blend / 4))
