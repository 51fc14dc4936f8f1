"""The primitive shapes. Lengths are whole widths, heights and depths in metres; shapes are centred on the origin."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ml_worker.engines.form.sdf.kernels import rounded_box, rounded_cylinder
from ml_worker.engines.form.sdf.shape import Box, Points, Shape, Vec3, union


def _length(x: Tensor, y: Tensor) -> Tensor:
    return (x * x).addcmul_(y, y).sqrt_()


def _centred(w: float, h: float, d: float) -> Box:
    return Box((-w / 2, -h / 2, -d / 2), (w / 2, h / 2, d / 2))


def sphere(radius: float) -> Shape:
    return Shape(lambda p: (p.x * p.x + p.y * p.y + p.z * p.z).sqrt_() - radius, _centred(*(2 * radius,) * 3))


def ellipsoid(w: float, h: float, d: float) -> Shape:
    """First-order distance to an ellipsoid (exact on the surface)."""
    a, b, c = w / 2, h / 2, d / 2
    least = min(a, b, c)

    def distance(p: Points) -> Tensor:
        x, y, z = p.x / a, p.y / b, p.z / c
        k0 = (x * x + y * y + z * z).sqrt_()
        k1 = ((x / a).square_() + (y / b).square_() + (z / c).square_()).sqrt_()
        return torch.where(k0 < 1e-4, torch.full_like(k0, -least), k0 * (k0 - 1) / k1.clamp_(min=1e-9))

    return Shape(distance, _centred(w, h, d))


def box(w: float, h: float, d: float, edge: float = 0.0) -> Shape:
    """A box with edges rounded by the radius `edge`."""
    edge = min(edge, 0.499 * min(w, h, d))

    half, rim = np.array([w / 2 - edge, h / 2 - edge, d / 2 - edge], np.float32), np.float32(edge)

    def distance(p: Points) -> Tensor:
        found = torch.empty_like(p.x)
        rounded_box(p.x.numpy(), p.y.numpy(), p.z.numpy(), half, rim, found.numpy())
        return found

    return Shape(distance, _centred(w, h, d))


def cylinder(radius: float, height: float, edge: float = 0.0) -> Shape:
    """Along Y, rims rounded by `edge`."""
    edge = min(edge, 0.499 * height, 0.999 * radius)

    across, half, rim = (np.float32(size) for size in (radius - edge, height / 2 - edge, edge))

    def distance(p: Points) -> Tensor:
        found = torch.empty_like(p.x)
        rounded_cylinder(p.x.numpy(), p.y.numpy(), p.z.numpy(), across, half, rim, found.numpy())
        return found

    return Shape(distance, _centred(2 * radius, height, 2 * radius))


def cone(bottom: float, top: float, height: float, edge: float = 0.0) -> Shape:
    """A capped cone along Y with the radii `bottom` and `top`, its rims rounded by `edge`."""
    bottom, top, height = max(bottom - edge, 0.0), max(top - edge, 0.0), height - 2 * edge
    h = height / 2
    slope_x, slope_y = top - bottom, height
    norm = slope_x * slope_x + slope_y * slope_y

    def distance(p: Points) -> Tensor:
        r = _length(p.x, p.z)
        rim = torch.where(p.y < 0, torch.full_like(r, bottom), torch.full_like(r, top))
        cap_x, cap_y = r - torch.minimum(r, rim), p.y.abs() - h
        t = ((top - r) * slope_x + (h - p.y) * slope_y).div_(norm).clamp_(0, 1)
        side_x, side_y = r - top + slope_x * t, p.y - h + slope_y * t
        sign = torch.where((side_x < 0) & (cap_y < 0), -1.0, 1.0)
        squared = torch.minimum(cap_x * cap_x + cap_y * cap_y, side_x * side_x + side_y * side_y)
        return squared.sqrt_().mul_(sign).sub_(edge)

    wide = 2 * (max(bottom, top) + edge)
    return Shape(distance, _centred(wide, height + 2 * edge, wide))


def rod(a: Vec3, b: Vec3, start: float, end: float | None = None) -> Shape:
    """A round rod from `a` to `b` with ball ends; its radius goes from `start` to `end`."""
    end = start if end is None else end
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    norm = ux * ux + uy * uy + uz * uz
    ease = 1 / math.sqrt(1 + (end - start) ** 2 / norm)

    def distance(p: Points) -> Tensor:
        x, y, z = p.x - a[0], p.y - a[1], p.z - a[2]
        t = (x * ux + y * uy + z * uz).div_(norm).clamp_(0, 1)
        d = ((x - t * ux).square_() + (y - t * uy).square_() + (z - t * uz).square_()).sqrt_()
        return (d - start - t * (end - start)).mul_(ease)

    return Shape(distance, Box.around([a, b]).grown(max(start, end)))


def tube(path: Sequence[Vec3], radii: Sequence[float]) -> Shape:
    """A round tube along the points of `path` with a radius at each."""
    rods = [
        rod(a, b, r, s)
        for (a, r), (b, s) in zip(zip(path, radii, strict=True), list(zip(path, radii, strict=True))[1:], strict=False)
    ]
    return union(rods)


def torus(ring: float, pipe: float) -> Shape:
    """Lying flat: the ring's radius to the middle of the pipe, and the pipe's radius."""
    wide = 2 * (ring + pipe)
    return Shape(lambda p: _length(_length(p.x, p.z).sub_(ring), p.y).sub_(pipe), _centred(wide, 2 * pipe, wide))


def post(
    foot: Vec3, head: Vec3, foot_size: tuple[float, float], head_size: tuple[float, float], edge: float = 0.0
) -> Shape:
    """A straight four-sided post from `foot` up to `head`, its section (width, depth) going from one to the other.

    Sections stay level, as carpenters cut splayed legs. A bound of the distance: the largest of the six planes'.
    """
    height = head[1] - foot[1]
    lean_x, lean_z = (head[0] - foot[0]) / height, (head[2] - foot[2]) / height
    grow_x, grow_z = (head_size[0] - foot_size[0]) / 2 / height, (head_size[1] - foot_size[1]) / 2 / height
    ease_x = 1 / math.sqrt(1 + (abs(lean_x) + abs(grow_x)) ** 2)
    ease_z = 1 / math.sqrt(1 + (abs(lean_z) + abs(grow_z)) ** 2)

    def distance(p: Points) -> Tensor:
        up = p.y - foot[1]
        level = up.clamp(0, height)
        x = ((p.x - foot[0] - lean_x * level).abs_() - (foot_size[0] / 2 + grow_x * level)).mul_(ease_x).add_(edge)
        z = ((p.z - foot[2] - lean_z * level).abs_() - (foot_size[1] / 2 + grow_z * level)).mul_(ease_z).add_(edge)
        y = (up - height / 2).abs_().sub_(height / 2 - edge)
        inside = torch.maximum(torch.maximum(x, y), z).clamp_(max=0)
        x, y, z = x.clamp_(min=0), y.clamp_(min=0), z.clamp_(min=0)
        return (x.square_() + y.square_() + z.square_()).sqrt_().add_(inside).sub_(edge)

    ends = []
    for (x, y, z), (w, d) in ((foot, foot_size), (head, head_size)):
        ends += [(x - w / 2, y, z - d / 2), (x + w / 2, y, z + d / 2)]
    return Shape(distance, Box.around(ends))


def half_space(normal: Vec3, offset: float, within: Box) -> Shape:
    """Everything with `normal · p <= offset` (unit normal); `within` bounds it for the sake of culling."""
    nx, ny, nz = normal
    return Shape(lambda p: p.x * nx + p.y * ny + p.z * nz - offset, within)
