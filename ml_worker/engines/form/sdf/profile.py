"""Flat outlines, and the solids made of them by turning (revolve) and by pulling (extrude).

An outline's distance is worked out once on a fine table and then looked up, so curves cost no more than corners.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml_worker.engines.form.sdf.kernels import drawn, enclosed, tabled
from ml_worker.engines.form.sdf.shape import Box, Points, Shape

Array = npt.NDArray[Any]
Point2 = tuple[float, float]
TABLE = 288
"""Cells along the longer side of a table: the error of a lookup stays far below a mesh cell."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A table of signed distances over the rectangle from `lower` to `upper`, `margin` beyond the outline's box."""

    table: Tensor
    lower: Point2
    upper: Point2
    margin: float

    def distance(self, u: Tensor, v: Tensor) -> Tensor:
        """(N,) signed distance; off the table, the distance to the outline's box bounds it."""
        found = torch.empty_like(u)
        lower, upper = np.array(self.lower, np.float32), np.array(self.upper, np.float32)
        table = self.table.numpy()
        tabled(u.numpy(), v.numpy(), table, lower, upper, np.float32(self.margin), found.numpy())
        return found

    def joined(self, other: "Profile") -> "Profile":
        lower = min(self.lower[0], other.lower[0]), min(self.lower[1], other.lower[1])
        upper = max(self.upper[0], other.upper[0]), max(self.upper[1], other.upper[1])

        def fill(u: Array, v: Array, table: Array) -> None:
            across, up = torch.from_numpy(np.tile(u, len(v))), torch.from_numpy(np.repeat(v, len(u)))
            both = torch.minimum(self.distance(across, up), other.distance(across, up))
            table[:] = both.numpy().reshape(table.shape)

        return _tabled(fill, lower, upper)


def _tabled(fill: Callable[[Array, Array, Array], None], lower: Point2, upper: Point2) -> Profile:
    """`fill`: the columns' u, the rows' v, and the table of distances to be written."""
    width, height = upper[0] - lower[0], upper[1] - lower[1]
    margin = 0.06 * max(width, height)
    cell = (max(width, height) + 2 * margin) / TABLE
    columns, rows = math.ceil((width + 2 * margin) / cell) + 1, math.ceil((height + 2 * margin) / cell) + 1
    u = np.linspace(lower[0] - margin, upper[0] + margin, columns, dtype=np.float32)
    v = np.linspace(lower[1] - margin, upper[1] + margin, rows, dtype=np.float32)
    table = np.empty((rows, columns), np.float32)
    fill(u, v, table)
    return Profile(torch.from_numpy(table), lower, upper, margin)


def polygon(points: Sequence[Point2]) -> Profile:
    """A closed outline, in either direction; exact distance."""
    lines = _lines([*points, points[0]])
    us, vs = [p[0] for p in points], [p[1] for p in points]
    return _tabled(lambda u, v, table: enclosed(u, v, lines, table), (min(us), min(vs)), (max(us), max(vs)))


def stroke(points: Sequence[Point2], widths: float | Sequence[float]) -> Profile:
    """An open line drawn with a round pen whose width (metres) may differ at each point: a wall with a soft rim."""
    pens = np.broadcast_to(np.asarray(widths, float) / 2, len(points))
    lines, ends = _lines(points), np.stack([pens[:-1], pens[1:]], axis=1).astype(np.float32)
    half = float(pens.max())
    us, vs = [p[0] for p in points], [p[1] for p in points]
    return _tabled(
        lambda u, v, table: drawn(u, v, lines, ends, table),
        (min(us) - half, min(vs) - half), (max(us) + half, max(vs) + half),
    )  # fmt: skip


def _lines(points: Sequence[Point2]) -> Array:
    """(N - 1, 4) float32: from each point to the next."""
    places = np.array(points, np.float32)
    return np.concatenate([places[:-1], places[1:]], axis=1)


def curve(points: Sequence[Point2], steps: int = 8) -> list[Point2]:
    """A uniform Catmull-Rom line through `points`, `steps` pieces between each two."""
    ends = [points[0], *points, points[-1]]
    line: list[Point2] = []
    for i in range(len(points) - 1):
        a, b, c, d = ends[i : i + 4]
        for k in range(steps):
            t = k / steps
            line.append((_catmull(a[0], b[0], c[0], d[0], t), _catmull(a[1], b[1], c[1], d[1], t)))
    return [*line, points[-1]]


def _catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


def rounded(corners: Sequence[tuple[float, float, float]], closed: bool = True, steps: int = 6) -> list[Point2]:
    """Corners (u, v, radius) with each corner rounded by its radius, as a list of points."""
    line: list[Point2] = []
    n = len(corners)
    for i, (u, v, radius) in enumerate(corners):
        if radius <= 0 or (not closed and i in (0, n - 1)):
            line.append((u, v))
            continue
        au, av = corners[i - 1][0] - u, corners[i - 1][1] - v
        bu, bv = corners[(i + 1) % n][0] - u, corners[(i + 1) % n][1] - v
        la, lb = math.hypot(au, av), math.hypot(bu, bv)
        au, av, bu, bv = au / la, av / la, bu / lb, bv / lb
        half = math.acos(max(-1.0, min(1.0, au * bu + av * bv))) / 2
        if half > math.pi / 2 - 1e-3:
            line.append((u, v))
            continue
        reach = min(radius / math.tan(half), 0.499 * la, 0.499 * lb)
        # A quadratic Bezier with its handle at the corner is close to the arc, and has no sharp ends.
        for k in range(steps + 1):
            t = k / steps
            s, e = (1 - t) ** 2 * reach, t * t * reach
            line.append((u + au * s + bu * e, v + av * s + bv * e))
    return line


def revolve(profile: Profile) -> Shape:
    """Turned about the Y axis; the outline's u is the radius, v the height."""
    wide = profile.upper[0]
    shape_box = Box((-wide, profile.lower[1], -wide), (wide, profile.upper[1], wide))
    return Shape(lambda p: profile.distance((p.x * p.x + p.z * p.z).sqrt_(), p.y), shape_box)


def extrude(profile: Profile, depth: float, edge: float = 0.0) -> Shape:
    """Pulled along Z from -depth/2 to depth/2 (u is x, v is y); `edge` rounds the rims (and grows nothing)."""

    def distance(p: Points) -> Tensor:
        flat = profile.distance(p.x, p.y).add_(edge)
        z = p.z.abs().sub_(depth / 2 - edge)
        inside = torch.maximum(flat, z).clamp_(max=0)
        flat, z = flat.clamp_(min=0), z.clamp_(min=0)
        return (flat.square_() + z.square_()).sqrt_().add_(inside).sub_(edge)

    (u0, v0), (u1, v1) = profile.lower, profile.upper
    return Shape(distance, Box((u0, v0, -depth / 2), (u1, v1, depth / 2)))
