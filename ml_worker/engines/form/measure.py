"""The true box of an object's surface, found by looking at it from six sides."""

import torch

from ml_worker.engines.form.sdf.shape import Box
from ml_worker.engines.form.solid import Assembly

RAYS = 80
"""Rays along each side of a face of the box."""
STEPS = 48


def surface_box(solid: Assembly) -> Box:
    """Parts may have loose boxes (turned, blended): this one touches the surface, within about 0.1 %."""
    lower, upper = list(solid.box.lower), list(solid.box.upper)
    for axis in range(3):
        lower[axis] += _gap(solid, axis, 1.0)
        upper[axis] -= _gap(solid, axis, -1.0)
    return Box((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))


def _gap(solid: Assembly, axis: int, direction: float) -> float:
    """How far the surface is from the face of the box that rays leave along `direction` of `axis`."""
    low, size = solid.box.lower, solid.box.size
    u, v = (i for i in range(3) if i != axis)
    steps = (torch.arange(RAYS) + 0.5) / RAYS
    points = torch.empty(RAYS, RAYS, 3)
    points[..., u] = (low[u] + size[u] * steps)[:, None]
    points[..., v] = low[v] + size[v] * steps
    points[..., axis] = low[axis] if direction > 0 else low[axis] + size[axis]
    points = points.view(-1, 3)
    near = max(size) * 2e-4
    gone = torch.zeros(len(points))
    best = size[axis]
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
    return best if best < size[axis] else 0.0
