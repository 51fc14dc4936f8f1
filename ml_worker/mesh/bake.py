"""Filling the textures: colour, roughness, metal, occlusion and relief of every texel, by its place in space.

What changes slowly (which part a texel belongs to, how much sky it sees) is asked once a block of 4 x 4 texels and
refined only where neighbouring blocks differ; the sky once a block of 6 x 6.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.blocks import Blocks
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.lane import Lane
from ml_worker.mesh.mesh import Ints
from ml_worker.mesh.paint import Coat, Paint, Surfaces
from ml_worker.mesh.parts import Parts, parted
from ml_worker.mesh.pictures import Picture, Pictures, encode
from ml_worker.mesh.pieces import longest_axes
from ml_worker.mesh.rays import Rays, openness
from ml_worker.mesh.relief_map import normal_map
from ml_worker.mesh.sheet import Sheet, blend, unit
from ml_worker.mesh.texels import Texels

Array = npt.NDArray[Any]
Exact = Callable[[Texels, Array, Array], Array]
BLOCK = 4
SKY_BLOCK, SKY_RAYS = 6, 24
SKY_REACH = 0.4
"""Share of the longest side up to which an obstacle darkens a place."""


class Maps(msgspec.Struct, frozen=True, eq=False):
    """(S, S, 3) uint8 pictures, rows downwards."""

    color: Array
    """sRGB."""
    surface: Array
    """Occlusion, roughness, metallic (glTF's channel order)."""
    normal: Array | None
    """Tangent space, green up; None when it would be flat."""
    pictures: Pictures
    parts: Parts


def bake(
    sheet: Sheet, texels: Texels, rays: Rays, paint: Paint, lane: Lane, watch: Callable[[], None],
    exact: Exact | None = None,
) -> Maps:  # fmt: skip
    """`rays`: against the sheet's mesh; `exact`: better normals for (texels, points, normals), where there is an exact
    surface to ask.
    """
    filled = lane.beside(lambda: _nearest(texels))
    points = blend(sheet.mesh.corners(), texels)
    regions = lane.beside(lambda: _regions(sheet, texels, points, paint))
    normals = unit(blend(sheet.normals(), texels))
    sky = lane.beside(lambda: _sky(sheet, texels, points, normals, rays, lane))
    true = normals if exact is None else exact(texels, points, normals)
    watch()
    region, of_face, along = regions()
    coat = paint.coat(Surfaces(points, true, region, along, sheet.texel_size))
    watch()
    nearest = filled()
    relief = normal_map(sheet, texels, normals, true, coat.height, nearest)
    # Without relief it has only what the exact surface does: smooth, and with loss its shine would be dull.
    normal = lane.beside(lambda: None if relief is None else encode(relief, lossless=not coat.height.any()))
    colored = lane.beside(lambda: _colored(coat, region, nearest, paint.lossless))
    parts = parted(paint.names, of_face, region, coat)
    watch()
    surface = _picture(np.stack([sky(), coat.roughness, coat.metallic], axis=1), nearest)
    shine = encode(surface, lossless=False)
    color, painted = colored()
    return Maps(color=color, surface=surface, normal=relief, pictures=Pictures(painted, shine, normal()), parts=parts)


def _colored(coat: Coat, region: Ints, nearest: Array, lossless: bool) -> tuple[Array, Picture]:
    picture = _softened(_picture(coat.color, nearest), region, nearest)
    return picture, encode(picture, lossless)


def _regions(sheet: Sheet, texels: Texels, points: Array, paint: Paint) -> tuple[Array, Array, Array]:
    """(T,) and (F,): the paint's regions, and (T,) the axis along which the piece that a texel is on is longest."""
    region = Blocks(texels, sheet.chart, BLOCK).spread_exact(points, paint.regions)
    of_face = paint.regions(sheet.mesh.centres().astype(np.float32), False)
    return region, of_face, longest_axes(sheet.mesh, of_face)[texels.face]


def _sky(sheet: Sheet, texels: Texels, points: Array, normals: Array, rays: Rays, lane: Lane) -> Array:
    """(T,) 0..1: how much of the sky is seen."""
    blocks = Blocks(texels, sheet.chart, SKY_BLOCK)
    asked, upright, reach = points[blocks.first], normals[blocks.first], rays.size * SKY_REACH
    open_ = openness(rays, asked, upright, SKY_RAYS, reach, blocks.around, lane)
    return blocks.spread_smooth(open_[:, None])[:, 0]


def _nearest(texels: Texels) -> Array:
    """(S, S) int32 for every texel of the square a covered texel next to none nearer: colours run on past the seams."""
    nearest = np.full((texels.size, texels.size), -1, np.int32)
    _reached(texels.row, texels.column, nearest)
    return nearest


@compiled
def _reached(rows: Ints, columns: Ints, nearest: Ints) -> None:
    """Two sweeps, each of which hands on from neighbour to neighbour what is nearest (Danielsson, 1980)."""
    size = len(nearest)
    for texel in range(len(rows)):
        nearest[rows[texel], columns[texel]] = texel
    for sweep in range(2):
        onward = 1 if sweep == 0 else -1
        for y in range(size):
            row = y if sweep == 0 else size - 1 - y
            for x in range(size):
                column = x if sweep == 0 else size - 1 - x
                best = nearest[row, column]
                away = np.int64(1) << 40
                if best >= 0:
                    down, across = np.int64(rows[best]) - row, np.int64(columns[best]) - column
                    away = down * down + across * across
                    if away == 0:
                        continue
                for k in range(4):
                    near_row = row if k == 0 else row - onward
                    near_column = column - onward if k == 0 else column + k - 2
                    if near_row < 0 or near_column < 0 or near_row >= size or near_column >= size:
                        continue
                    other = nearest[near_row, near_column]
                    if other < 0:
                        continue
                    down, across = np.int64(rows[other]) - row, np.int64(columns[other]) - column
                    square = down * down + across * across
                    if square < away:
                        best, away = other, square
                nearest[row, column] = best
    # What lies off to the side of everything above it and below it, in a square with a single chart.
    for row in range(size):
        for x in range(1, size):
            column = size - 1 - x
            if nearest[row, column] < 0:
                nearest[row, column] = nearest[row, column + 1]
            if nearest[row, x] < 0:
                nearest[row, x] = nearest[row, x - 1]


def _picture(values: Array, nearest: Array) -> Array:
    """(T, C) 0..1 -> (S, S, C) uint8."""
    picture = np.empty((*nearest.shape, values.shape[1]), np.uint8)
    _develop(np.ascontiguousarray(values, np.float32), nearest, picture)
    return picture


@compiled
def _develop(values: Array, nearest: Array, picture: Array) -> None:
    for row in range(len(nearest)):
        for column in range(len(nearest)):
            shown = values[nearest[row, column]]
            for k in range(len(shown)):
                level = min(max(shown[k], np.float32(0)), np.float32(1))
                picture[row, column, k] = np.uint8(np.rint(level * np.float32(255)))


def _softened(picture: Array, region: Ints, nearest: Ints) -> Array:
    """Without a staircase where two regions meet: texels on the border take the mean of their neighbours.

    `picture` (S, S, 3) uint8; `region` (T,) by texel.
    """
    if (region == region[0]).all():
        return picture
    soft = picture.copy()
    shown = np.empty(nearest.shape, np.int16)
    _shown(region, nearest, shown)
    _soften(picture, shown, soft)
    return soft


@compiled
def _shown(region: Ints, nearest: Ints, shown: Ints) -> None:
    for row in range(len(nearest)):
        for column in range(len(nearest)):
            shown[row, column] = region[nearest[row, column]]


@compiled
def _soften(picture: Array, region: Ints, soft: Array) -> None:
    last = len(region) - 1
    for row in range(last + 1):
        above, below = row - 1 if row else 1, row + 1 if row < last else last - 1
        for column in range(last + 1):
            left, right = column - 1 if column else 1, column + 1 if column < last else last - 1
            own = region[row, column]
            if (
                region[row, left] == own and region[row, right] == own
                and region[above, column] == own and region[below, column] == own
            ):  # fmt: skip
                continue
            for k in range(3):
                total = 0
                for y in (above, row, below):
                    total += np.int64(picture[y, left, k]) + picture[y, column, k] + picture[y, right, k]
                soft[row, column, k] = (2 * total + 9) // 18
