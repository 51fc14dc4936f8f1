"""Rounded lumps all over a surface: cellular noise, after Worley, "A Cellular Texture Basis Function" (1996)."""

import torch
from torch import Tensor

from ml_worker.engines.form.sdf.shape import Points, Shape


def lumpy(shape: Shape, size: float, depth: float) -> Shape:
    """`shape` covered with lumps about `size` metres across that stand out by up to `depth`."""

    def offset(p: Points) -> Tensor:
        near = _cells(p, 1.0 / size)
        return (1 - near.mul_(1.55)).clamp_(min=0).mul_(depth)

    return shape.displaced(offset, depth, min(0.8, 2.2 * depth / size))


def _cells(p: Points, frequency: float) -> Tensor:
    """(N,) squared distance, in cells, to the nearest of the points of which every cell holds one.

    The points keep to the middle half of their cells, so the eight cells around a place are enough.
    """
    x, y, z = p.x * frequency, p.y * frequency, p.z * frequency
    ix, iy, iz = (x - 0.5).floor_(), (y - 0.5).floor_(), (z - 0.5).floor_()
    fx, fy, fz = x.sub_(ix), y.sub_(iy), z.sub_(iz)
    best = torch.full_like(fx, 9.0)
    for corner in range(8):
        dx, dy, dz = corner & 1, corner >> 1 & 1, corner >> 2
        seed = (ix + dx) * 12.9898 + (iy + dy) * 78.233 + (iz + dz) * 37.719
        jx, jy, jz = (_fraction(seed, k) for k in (43.7585, 27.1828, 61.8034))
        d = (fx - (dx + 0.25) - 0.5 * jx).square_()
        d += (fy - (dy + 0.25) - 0.5 * jy).square_()
        d += (fz - (dz + 0.25) - 0.5 * jz).square_()
        best = torch.minimum(best, d)
    return best


def _fraction(seed: Tensor, factor: float) -> Tensor:
    wave = torch.sin(seed).mul_(factor * 100)
    return wave - wave.floor()
