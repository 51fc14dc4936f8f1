"""A shape: a distance function with the box that holds it, and the ways to move and join shapes."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ml_worker.engines.form.sdf.kernels import from_nearest
from ml_worker.engines.form.sdf.sorting import Sorting

Vec3 = tuple[float, float, float]


class Points(NamedTuple):
    """The three coordinates of N points, each (N,) and contiguous: faster than the columns of an (N, 3) tensor."""

    x: Tensor
    y: Tensor
    z: Tensor

    @classmethod
    def of(cls, points: Tensor) -> "Points":
        x, y, z = points.t().contiguous()
        return cls(x, y, z)

    def pick(self, index: Tensor) -> "Points":
        return Points(self.x[index], self.y[index], self.z[index])


class Box(NamedTuple):
    """An axis-aligned box by its lower and upper corner."""

    lower: Vec3
    upper: Vec3

    @classmethod
    def around(cls, points: Iterable[Vec3]) -> "Box":
        xs, ys, zs = zip(*points, strict=True)
        return cls((min(xs), min(ys), min(zs)), (max(xs), max(ys), max(zs)))

    @property
    def corners(self) -> tuple[Vec3, ...]:
        return tuple((x[0], y[1], z[2]) for x in self for y in self for z in self)

    @property
    def size(self) -> Vec3:
        (x0, y0, z0), (x1, y1, z1) = self
        return x1 - x0, y1 - y0, z1 - z0

    def grown(self, by: float) -> "Box":
        (x0, y0, z0), (x1, y1, z1) = self
        return Box((x0 - by, y0 - by, z0 - by), (x1 + by, y1 + by, z1 + by))

    def joined(self, other: "Box") -> "Box":
        return Box.around((self.lower, self.upper, other.lower, other.upper))

    def common(self, other: "Box") -> "Box":
        (ax, ay, az), (bx, by, bz) = self.lower, other.lower
        (ux, uy, uz), (vx, vy, vz) = self.upper, other.upper
        lower = (max(ax, bx), max(ay, by), max(az, bz))
        upper = (min(ux, vx), min(uy, vy), min(uz, vz))
        return Box(lower, (max(upper[0], lower[0]), max(upper[1], lower[1]), max(upper[2], lower[2])))

    def distance(self, p: Points) -> Tensor:
        """(N,) distance to the box, 0 inside."""
        (x0, y0, z0), (x1, y1, z1) = self
        dx = ((p.x - (x0 + x1) / 2).abs_() - (x1 - x0) / 2).clamp_(min=0)
        dy = ((p.y - (y0 + y1) / 2).abs_() - (y1 - y0) / 2).clamp_(min=0)
        dz = ((p.z - (z0 + z1) / 2).abs_() - (z1 - z0) / 2).clamp_(min=0)
        return dx.square_().addcmul_(dy, dy).addcmul_(dz, dz).sqrt_()


@dataclass(frozen=True, slots=True)
class Shape:
    """`distance`: N points to (N,) metres. `box` holds the whole shape."""

    distance: Callable[[Points], Tensor]
    box: Box

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Shape":
        (ax, ay, az), (bx, by, bz) = self.box
        box = Box((ax + x, ay + y, az + z), (bx + x, by + y, bz + z))
        return Shape(lambda p: self.distance(Points(p.x - x, p.y - y, p.z - z)), box)

    def turned(self, axis: str, degrees: float) -> "Shape":
        """Turned about the `x`, `y` or `z` axis through the origin, counter-clockwise seen from the axis' tip."""
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

        def back(p: Points) -> Points:
            if axis == "x":
                return Points(p.x, p.y * c + p.z * s, p.z * c - p.y * s)
            if axis == "y":
                return Points(p.x * c - p.z * s, p.y, p.z * c + p.x * s)
            return Points(p.x * c + p.y * s, p.y * c - p.x * s, p.z)

        def ahead(q: Vec3) -> Vec3:
            x, y, z = q
            if axis == "x":
                return x, y * c - z * s, z * c + y * s
            if axis == "y":
                return x * c + z * s, y, z * c - x * s
            return x * c - y * s, y * c + x * s, z

        return Shape(lambda p: self.distance(back(p)), Box.around(ahead(q) for q in self.box.corners))

    def aimed(self, start: Vec3, end: Vec3) -> "Shape":
        """The Y axis laid along the line from `start` to `end`; the shape's origin comes to `start`."""
        up = [b - a for a, b in zip(start, end, strict=True)]
        length = math.hypot(*up)
        ux, uy, uz = (v / length for v in up)
        flat = math.hypot(ux, uz)
        rx, rz = (uz / flat, -ux / flat) if flat > 1e-6 else (1.0, 0.0)
        # right x up completes the frame; right is level.
        fx, fy, fz = -rz * uy, rz * ux - rx * uz, rx * uy

        def back(p: Points) -> Points:
            x, y, z = p.x - start[0], p.y - start[1], p.z - start[2]
            return Points(x * rx + z * rz, x * ux + y * uy + z * uz, x * fx + y * fy + z * fz)

        def ahead(q: Vec3) -> Vec3:
            x, y, z = q
            return (
                start[0] + x * rx + y * ux + z * fx,
                start[1] + y * uy + z * fy,
                start[2] + x * rz + y * uz + z * fz,
            )

        return Shape(lambda p: self.distance(back(p)), Box.around(ahead(q) for q in self.box.corners))

    def scaled(self, factor: float) -> "Shape":
        (ax, ay, az), (bx, by, bz) = self.box
        box = Box((ax * factor, ay * factor, az * factor), (bx * factor, by * factor, bz * factor))
        k = 1 / factor
        return Shape(lambda p: self.distance(Points(p.x * k, p.y * k, p.z * k)) * factor, box)

    def stretched(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> "Shape":
        """Scaled by axis; the distance becomes a lower bound (times the smallest factor)."""
        (ax, ay, az), (bx, by, bz) = self.box
        box = Box((ax * x, ay * y, az * z), (bx * x, by * y, bz * z))
        least = min(x, y, z)
        return Shape(lambda p: self.distance(Points(p.x / x, p.y / y, p.z / z)) * least, box)

    def mirrored(self, axes: str) -> "Shape":
        """The shape and its mirror images in the planes across `axes` ("x", "xz"): one evaluation for all of them."""

        def fold(p: Points) -> Points:
            return Points(
                p.x.abs() if "x" in axes else p.x,
                p.y.abs() if "y" in axes else p.y,
                p.z.abs() if "z" in axes else p.z,
            )

        signs = [(-1.0, 1.0) if a in axes else (1.0,) for a in "xyz"]
        corners = (
            (i * x, j * y, k * z) for x, y, z in self.box.corners for i in signs[0] for j in signs[1] for k in signs[2]
        )
        return Shape(lambda p: self.distance(fold(p)), Box.around(corners))

    def placed(self, places: Sequence[Vec3]) -> "Shape":
        """A copy at each place, for about the cost of one: a point asks the copy whose place is nearest to it.

        Exact for copies of one size on a grid; elsewhere a bound near the middle between two of them.
        """
        (ax, ay, az), (bx, by, bz) = self.box
        low, high = Box.around(places)
        box = Box((ax + low[0], ay + low[1], az + low[2]), (bx + high[0], by + high[1], bz + high[2]))

        table = np.array(places, np.float32)

        def distance(p: Points) -> Tensor:
            found = np.empty((3, len(p.x)), np.float32)
            from_nearest(p.x.numpy(), p.y.numpy(), p.z.numpy(), table, found)
            x, y, z = found
            return self.distance(Points(torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(z)))

        return Shape(distance, box)

    def inflated(self, by: float) -> "Shape":
        """Grown by `by` metres on all sides, which also rounds its edges; negative: shrunk."""
        return Shape(lambda p: self.distance(p) - by, self.box.grown(by))

    def bowed(self, curvature: float, width: float) -> "Shape":
        """Bent so that the ends come forward (+Z) by `curvature` * x²; `width` is the shape's width along X."""
        ease = 1 / math.sqrt(1 + (curvature * width) ** 2)
        (ax, ay, az), (bx, by, bz) = self.box
        box = Box((ax, ay, az), (bx, by, bz + curvature * width * width / 4))
        return Shape(lambda p: self.distance(Points(p.x, p.y, p.z - curvature * p.x * p.x)) * ease, box)

    def displaced(self, offset: Callable[[Points], Tensor], amplitude: float, slope: float) -> "Shape":
        """The surface moved outwards by `offset` (N,) metres, at most `amplitude`, whose gradient is at most `slope`.

        Far away (twice the amplitude) the offset is not worked out: the distance less the amplitude bounds it.
        """
        ease = 1 / (1 + slope)

        def distance(p: Points) -> Tensor:
            plain = self.distance(p)
            near = plain.abs() < 3 * amplitude
            out = torch.where(plain > 0, plain - amplitude, plain)
            index = near.nonzero().squeeze(1)
            if index.numel():
                out[index] = plain[index] - offset(p.pick(index))
            return out.mul_(ease)

        return Shape(distance, self.box.grown(amplitude))

    def joined(self, other: "Shape", blend: float = 0.0) -> "Shape":
        """Union; the seam is filled with a fillet of about `blend` metres."""
        if blend <= 0:
            return union([self, other])
        box = self.box.joined(other.box).grown(blend / 4)
        return Shape(lambda p: smooth_min(self.distance(p), other.distance(p), blend), box)

    def cut(self, other: "Shape", blend: float = 0.0) -> "Shape":
        """This less `other`; the edge is rounded by about `blend` metres."""
        reach = REACH * math.dist(self.box.lower, self.box.upper) + blend

        def distance(p: Points) -> Tensor:
            solid = self.distance(p)
            bound = torch.full_like(solid, math.inf)
            sorting = Sorting(p.x, p.y, p.z, bound)
            near = sorting.near(*other.box, reach)
            # The distance to the box less the blend never claims more depth than there is.
            out = torch.maximum(solid, blend - bound)
            if near is not None:
                index = torch.from_numpy(sorting.taken()[0]).long()
                taken, left = other.distance(Points(*near)), solid[index]
                cut = torch.maximum(left, -taken) if blend <= 0 else -smooth_min(-left, taken, blend)
                out[index] = cut
            return out

        return Shape(distance, self.box)

    def common(self, other: "Shape", blend: float = 0.0) -> "Shape":
        """Intersection; the edge is rounded by about `blend` metres."""
        box = self.box.common(other.box)
        if blend <= 0:
            return Shape(lambda p: torch.maximum(self.distance(p), other.distance(p)), box)
        return Shape(lambda p: -smooth_min(-self.distance(p), -other.distance(p), blend), box)


def smooth_min(a: Tensor, b: Tensor, blend: float) -> Tensor:
    """Quadratic polynomial smooth minimum, https://iquilezles.org/articles/smin/."""
    h = (blend - (a - b).abs()).clamp_(min=0)
    return torch.minimum(a, b).sub_(h.square_().mul_(1 / (4 * blend)))


REACH = 0.08
"""Within this share of the whole's diagonal a part's true distance is worked out; farther off its box bounds it."""


def nearest(p: Points, shapes: Sequence[Shape], reach: float) -> Tensor:
    """(N,) least distance to any of `shapes`; each is asked only about the points near its box."""
    best = torch.full_like(p.x, math.inf)
    sorting = Sorting(p.x, p.y, p.z, best)
    for shape in shapes:
        near = sorting.near(*shape.box, reach)
        if near is not None:
            sorting.take(shape.distance(Points(*near)))
    return best


def union(shapes: Sequence[Shape]) -> Shape:
    """All of `shapes`, each evaluated only near its own box."""
    box = shapes[0].box
    for shape in shapes[1:]:
        box = box.joined(shape.box)
    if len(shapes) == 1:
        return shapes[0]
    reach = REACH * math.dist(box.lower, box.upper)
    parts = tuple(shapes)
    return Shape(lambda p: nearest(p, parts, reach), box)


def blended(shapes: Sequence[Shape], blend: float) -> Shape:
    """All of `shapes` with every seam filleted by `blend`; a shape is asked only where it can matter."""
    box = shapes[0].box
    for shape in shapes[1:]:
        box = box.joined(shape.box)
    reach = REACH * math.dist(box.lower, box.upper) + blend
    parts = tuple(shapes)

    def distance(p: Points) -> Tensor:
        best = torch.full_like(p.x, reach + math.dist(box.lower, box.upper))
        for shape in parts:
            bound = shape.box.distance(p)
            index = ((bound < best + blend) & (bound < reach)).nonzero().squeeze(1)
            best = torch.where(bound >= reach, torch.minimum(best, bound - blend / 4), best)
            if index.numel():
                best[index] = smooth_min(best[index], shape.distance(p.pick(index)), blend)
        return best

    return Shape(distance, box.grown(blend / 4))


def ring(shape: Shape, count: int, first: float = 0.0) -> Shape:
    """`count` copies around the Y axis, the first turned by `first` degrees."""
    return union([shape.turned("y", first + 360 * i / count) for i in range(count)])
