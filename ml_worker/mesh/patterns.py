"""Procedural surfaces of materials, in object space.

Each pattern takes places on the surface and says how far the colour goes over to the material's second colour, how the
roughness changes, and how high the surface stands (for the normal map). Lengths are metres at `scale` 1.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.noise import Values, channel_lattice, fractal, noise, value

Array = npt.NDArray[Any]


class Places(msgspec.Struct, frozen=True, eq=False):
    """Where a pattern is asked."""

    points: Array
    """(N, 3), divided by the material's scale."""
    normals: Array
    """(N, 3)."""
    along: Array
    """(N,) 0..2: the axis along which the piece is longest: fibres, brush strokes and boards follow it."""
    texel: float
    """Size of a texel in the same unit as `points`: details finer than two of them would flicker."""


class Look(msgspec.Struct, frozen=True, eq=False):
    mix: Array
    """(N,) 0: first colour, 1: second colour."""
    roughness: Array | float = 0.0
    """Added to the material's."""
    height: Array | None = None
    """(N,) metres at scale 1; None: smooth."""
    shade: Array | float = 1.0
    """Factor of the colour."""


def _grained(places: Places) -> Array:
    """(N, 3) coordinates: along the piece, then the two across it."""
    order = (places.along[:, None] + np.arange(3)) % 3
    return np.take_along_axis(places.points, order, axis=1)


def _on_surface(places: Places) -> tuple[Array, Array]:
    """Two coordinates on the surface, as seen along the axis that the normal is nearest to; the second is up."""
    facing = np.abs(places.normals).argmax(axis=1)
    x, y, z = places.points.T
    return np.where(facing == 0, z, x), np.where(facing == 1, z, y)


def _step(value: Array, at: float, width: float) -> Array:
    ramp = np.clip((value - at) / max(width, 1e-9) + 0.5, 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _arrays(places: Places) -> tuple[Array, Array]:
    """Points and normals for compiled loops."""
    return np.ascontiguousarray(places.points, np.float32), np.ascontiguousarray(places.normals, np.float32)


@compiled
def _seen(point: Array, normal: Array) -> tuple[float, float]:
    """`_on_surface`, for one place."""
    x, y, z = abs(normal[0]), abs(normal[1]), abs(normal[2])
    facing = 0 if x >= y and x >= z else 1 if y >= z else 2
    return np.float64(point[2] if facing == 0 else point[0]), np.float64(point[2] if facing == 1 else point[1])


@compiled
def _ramp(value: float, at: float, width: float) -> float:
    """`_step`, for one value."""
    part = min(max((value - at) / max(width, 1e-9) + 0.5, 0.0), 1.0)
    return part * part * (3 - 2 * part)


def wood(places: Places) -> Look:
    mix, roughness, height = (np.empty(len(places.points), np.float32) for _ in range(3))
    points, along = np.ascontiguousarray(places.points, np.float32), np.ascontiguousarray(places.along, np.int64)
    channels = (channel_lattice(1), channel_lattice(2), channel_lattice(5), channel_lattice(6))
    _wooden(points, along, *channels, mix, roughness, height)
    return Look(mix, roughness, height)


@compiled
def _wooden(
    points: Array, along: Array, slow: Array, slower: Array, fine: Array, wide: Array,
    mix: Array, roughness: Array, height: Array,
) -> None:  # fmt: skip
    for number in range(len(points)):
        axis = along[number]
        x, y, z = points[number, axis], points[number, (axis + 1) % 3], points[number, (axis + 2) % 3]
        bend = value(slow, x * 1.1, y * 5, z * 5) + 0.5 * value(slower, x * 2.2 + 5.3, y * 10 + 5.3, z * 10 + 5.3)
        across, deep = y + 0.21 + x * 0.03, z * 0.8 + 0.13
        ring = (np.sqrt(across * across + deep * deep) + 0.022 * bend) / 0.021
        ring -= np.floor(ring)
        edge = min(max((0.96 - ring) / 0.08 + 0.5, 0.0), 1.0)
        # Growth rings: slowly darker, then a sharp edge.
        late = np.float64(np.float32(ring) ** np.float32(2.2)) * edge * edge * (3 - 2 * edge)
        fibre, broad = value(fine, x * 14, y * 330, z * 330), value(wide, x * 2, y * 20, z * 20)
        mix[number] = min(max(0.16 + 0.62 * late + 0.13 * fibre + 0.14 * broad, 0.0), 1.0)
        roughness[number] = 0.08 * fibre
        height[number] = 0.00025 * (fibre - late)


def planks(places: Places) -> Look:
    u, v = _on_surface(places)
    long_u = places.along == np.where(np.abs(places.normals).argmax(axis=1) == 0, 2, 0)
    length, across = np.where(long_u, u, v), np.where(long_u, v, u)
    board = np.floor(across / 0.12)
    gap = np.minimum(across / 0.12 - board, 1 - (across / 0.12 - board)) * 0.12
    end = (length / 1.1 + board * 0.37) % 1
    gap = np.minimum(gap, np.minimum(end, 1 - end) * 1.1)
    joint = 1 - _step(gap, max(0.0022, places.texel), max(0.002, places.texel * 1.5))
    moved = places.points + (np.sin(board * 12.9898) * 3.1)[:, None]
    grain = wood(Places(moved.astype(np.float32), places.normals, places.along, places.texel))
    tone = 1 + 0.12 * np.sin(board * 78.233)
    return Look(np.clip(grain.mix, 0, 1), 0.2 * joint, -0.002 * joint, tone * (1 - 0.65 * joint))


def marble(places: Places) -> Look:
    p = places.points
    warp = np.stack([fractal(p * 2.6, 3, 2 + k) for k in range(3)], axis=1)
    across = p[:, 0] * 0.8 + p[:, 1] * 0.9 + p[:, 2] * 0.5
    bands = np.abs(np.sin(across * 21 + 3.4 * warp[:, 0]))
    thin = np.exp(-bands * 11) * (0.25 + 0.75 * _step(warp[:, 1], 0.1, 0.9))
    hair = np.exp(-np.abs(fractal(p * 7 + warp * 0.4, 2, 9)) * 16) * 0.3
    cloud = 0.5 + 0.5 * warp[:, 2]
    return Look(np.clip(0.8 * thin + hair * cloud + 0.16 * cloud, 0, 1), 0.05 * thin)


def stone(places: Places) -> Look:
    coarse = fractal(places.points * 16, 3, 3)
    fine = noise(places.points * 210, 8)
    return Look(np.clip(0.4 + 0.4 * coarse + 0.22 * fine, 0, 1), 0.05 * fine, 0.0016 * coarse + 0.0004 * fine)


def granite(places: Places) -> Look:
    grain = noise(places.points * 160, 3)
    flecks = noise(places.points * 95, 4)
    mix = _step(grain, 0.15, 0.25) * 0.7 + 0.3 * _step(flecks, 0.3, 0.2)
    return Look(mix, 0.08 * grain, None, 1 - 0.35 * _step(noise(places.points * 130, 6), 0.42, 0.15))


def brushed(places: Places) -> Look:
    p = _grained(places)
    stroke = noise(np.stack([p[:, 0] * 7, p[:, 1] * 520, p[:, 2] * 520], axis=1), 2)
    broad = noise(np.stack([p[:, 0] * 3, p[:, 1] * 90, p[:, 2] * 90], axis=1), 4)
    return Look(np.clip(0.5 + 0.4 * stroke + 0.2 * broad, 0, 1), 0.09 * stroke + 0.04 * broad)


def fabric(places: Places) -> Look:
    u, v = _on_surface(places)
    period = max(0.0042, places.texel * 4.5)
    warp, weft = u / period, v / period
    over = (np.floor(warp) + np.floor(weft)) % 2
    bow = np.where(over == 0, np.sin(np.pi * (warp % 1)), np.sin(np.pi * (weft % 1)))
    thread = noise(np.stack([np.floor(warp) * 0.71, np.floor(weft) * 0.71, over * 3.3], axis=1), 3)
    soft = fractal(places.points * 9, 2, 6)
    mix = np.clip(0.62 - 0.5 * np.abs(bow) + 0.16 * thread + 0.12 * soft, 0, 1)
    return Look(mix, 0.04 * thread, 0.0007 * np.abs(bow))


def leather(places: Places) -> Look:
    p = places.points
    bumps = noise(p * 190, 1) + 0.6 * noise(p * 330 + 0.5 * noise(p * 90, 2)[:, None], 3)
    crease = np.exp(-np.abs(bumps) * 5)
    return Look(np.clip(0.5 * crease + 0.15 * fractal(p * 6, 2, 5), 0, 1), 0.12 * crease, -0.0006 * crease)


def brick(places: Places) -> Look:
    mix, roughness, height, tone = (np.empty(len(places.points), np.float32) for _ in range(4))
    points, normals = _arrays(places)
    _bricked(points, normals, channel_lattice(4), max(0.003, places.texel * 1.5), mix, roughness, height, tone)
    return Look(mix, roughness, height, tone)


@compiled
def _bricked(
    points: Array, normals: Array, grit: Array, soft: float, mix: Array, roughness: Array, height: Array, tone: Array
) -> None:
    length, high, joint = 0.25, 0.075, 0.011
    for number in range(len(points)):
        x, y, z = points[number]
        u, v = _seen(points[number], normals[number])
        course = np.floor(v / high)
        along = u / length + 0.5 * (course % 2)
        stone = np.floor(along) + 57 * course
        across, up = along % 1, v / high % 1
        edge = min(min(across, 1 - across) * length, min(up, 1 - up) * high)
        rough = value(grit, x * 120.0, y * 120.0, z * 120.0)
        mortar = 1 - _ramp(edge + 0.0012 * rough, joint / 2, soft)
        mix[number], roughness[number] = mortar, 0.05 * mortar
        height[number] = 0.004 * (1 - mortar) + 0.0007 * rough
        if mortar > 0.5:
            tone[number] = 1 + 0.06 * rough
        else:
            tone[number] = 1 + 0.2 * np.sin(stone * 12.9898) * np.sin(stone * 4.1414) + 0.07 * rough


def tiles(places: Places) -> Look:
    grout, tone = (np.empty(len(places.points), np.float32) for _ in range(2))
    points, normals = _arrays(places)
    side, joint = 0.15, 0.004
    middle, soft = max(joint / 2, places.texel * 0.7), max(0.002, places.texel * 1.2)
    _tiled(points, normals, side, middle, soft, grout, tone)
    return Look(grout, np.float32(0.4) * grout, np.float32(-0.0015) * grout, tone)


@compiled
def _tiled(points: Array, normals: Array, side: float, middle: float, soft: float, grout: Array, tone: Array) -> None:
    for number in range(len(points)):
        u, v = _seen(points[number], normals[number])
        across, up = u / side % 1, v / side % 1
        edge = min(min(across, 1 - across), min(up, 1 - up)) * side
        grout[number] = 1 - _ramp(edge, middle, soft)
        tone[number] = 1 + 0.05 * np.sin((np.floor(u / side) * 31 + np.floor(v / side) * 17) * 12.9898)


def checker(places: Places) -> Look:
    u, v = _on_surface(places)
    side = 0.1
    soft = max(places.texel * 1.2 / side, 0.01)

    def wave(x: Array) -> Array:
        part = (x / side + 0.5) % 2
        return _step(np.abs(part - 1), 0.5, soft)

    a, b = wave(u), wave(v)
    return Look(a * (1 - b) + b * (1 - a))


def stripes(places: Places) -> Look:
    p = _grained(places)
    part = p[:, 0] / 0.05 % 2
    soft = max(places.texel * 1.2 / 0.05, 0.02)
    return Look(_step(np.abs(part - 1), 0.5, soft))


def dots(places: Places) -> Look:
    u, v = _on_surface(places)
    row = np.floor(v / 0.06)
    x = (u / 0.06 + 0.5 * (row % 2)) % 1 - 0.5
    y = v / 0.06 % 1 - 0.5
    return Look(1 - _step(np.hypot(x, y), 0.28, max(0.04, places.texel * 1.5 / 0.06)))


def foliage(places: Places) -> Look:
    p = places.points
    leaves = noise(p * 34, 2) + 0.55 * noise(p * 75, 3)
    depth = _step(leaves, 0.0, 0.9)
    tint = 0.5 + 0.5 * fractal(p * 5, 2, 7)
    return Look(np.clip(0.25 + 0.5 * tint * depth, 0, 1), 0.0, 0.006 * depth, 0.72 + 0.4 * depth)


def speckle(places: Places) -> Look:
    return Look(_step(noise(places.points * 120, 5), 0.62, 0.12), 0.0)


def plain(places: Places) -> Look:
    return Look(np.zeros(len(places.points), np.float32))


PATTERNS: dict[str, Callable[[Places], Look]] = {
    pattern.__name__: pattern
    for pattern in (
        plain, wood, planks, marble, stone, granite, brushed, fabric, leather, brick, tiles, checker, stripes, dots,
        foliage, speckle,
    )
}  # fmt: skip

CONTRAST = {"brushed": 0.88, "fabric": 0.78, "wood": 0.55, "planks": 0.55, "leather": 0.7, "foliage": 1.35}
"""Second colour, as a factor of the first, of patterns that are drawn tone in tone; others get a plain contrast."""


def second_color(pattern: str, color: tuple[float, float, float]) -> tuple[float, float, float]:
    """What `Material.color2` means when it is None."""
    if pattern == "plain":
        return color
    factor = CONTRAST.get(pattern)
    if factor is None:
        light = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]
        factor = 0.55 if light > 0.35 else 0.0
    red, green, blue = ((c * factor if factor else c + (1 - c) * 0.6) for c in color)
    return min(red, 1.0), min(green, 1.0), min(blue, 1.0)


__all__ = ["CONTRAST", "PATTERNS", "Look", "Places", "Values", "second_color"]
