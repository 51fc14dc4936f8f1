"""The true box of an object's surface, found by looking at it from six sides."""

import torch

from ml_worker.engines.form.sdf.shape import Box
from ml_worker.engines.form.solid import Assembly

RAYS = (16, 80)
"""Rays along each side of a face of the box: first a few, which spare most of the others their way."""
STEPS = 48


def surface_box(solid: Assembly) -> Box:
    """Parts may have loose boxes (turned, blended): this one touches the surface, within about 0.1 %."""
    lower, upper = list(solid.box.lower), list(solid.box.upper)
    for axis in range(3):
        gap = dict.fromkeys((1.0, -1.0), solid.box.size[axis])
        for count in RAYS:
            gap = {direction: _gap(solid, axis, direction, count, so_far) for direction, so_far in gap.items()}
        low, high = (gap[direction] if gap[direction] < solid.box.size[axis] else 0.0 for direction in (1.0, -1.0))
        lower[axis] += low
        upper[axis] -= high
    return Box((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))


def _free(solid: Assembly, points: torch.Tensor, axis: int, direction: float) -> torch.Tensor:
    """(N,) how far a ray goes at the least before it enters the box of a part; infinite where there is none."""
    free = torch.full((len(points),), torch.inf)
    for part in solid.parts:
        lower, upper = part.shape.box
        inside = torch.ones(len(points), dtype=torch.bool)
        for u in range(3):
            if u != axis:
                inside &= (points[:, u] >= lower[u]) & (points[:, u] <= upper[u])
        way = lower[axis] - points[:, axis] if direction > 0 else points[:, axis] - upper[axis]
        free = torch.where(inside, torch.minimum(free, way), free)
    return free


def _gap(solid: Assembly, axis: int, direction: float, count: int, best: float) -> float:
    """How far the surface is from the face of the box that `count` x `count` rays leave along `direction` of `axis`.

    `best`, if none of them hits it sooner.
    """
    low, size = solid.box.lower, solid.box.size
    u, v = (i for i in range(3) if i != axis)
    steps = (torch.arange(count) + 0.5) / count
    points = torch.empty(count, count, 3)
    points[..., u] = (low[u] + size[u] * steps)[:, None]
    points[..., v] = low[v] + size[v] * steps
    points[..., axis] = low[axis] if direction > 0 else low[axis] + size[axis]
    points = points.view(-1, 3)
    points = points[_free(solid, points, axis, direction) < best]
    near = max(size) * 2e-4
    gone = torch.zeros(len(points))
    for _ in range(STEPS):
        distance = solid.distance(points)
        hit = distance < near
        if hit.any():
            best = min(best, float(gone[hit].min()))
        going = ~hit & (gone + distance < best)
        if not going.any():
            break
        points, step = points[going], distance[going]
        gone = gone[going] + step
        points[:, axis] += direction * step
    return best
