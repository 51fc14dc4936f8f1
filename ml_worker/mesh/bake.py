"""Filling the textures: colour, roughness, metal, occlusion and relief of every texel, by its place in space.

What changes slowly (which part a texel belongs to, how much sky it sees) is asked once a block of 4 x 4 texels and
refined only where neighbouring blocks differ; the sky once a block of 6 x 6.
"""

from collections.abc import Callable
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.blocks import Blocks
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Ints
from ml_worker.mesh.paint import Paint, Surfaces
from ml_worker.mesh.parts import Parts, parted
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
    lossless: bool
    """Few colours with hard edges between them."""
    mirrors: bool
    """The normal map has only what the exact surface does: smooth, and without loss or its shine would be dull."""
    parts: Parts


def bake(
    sheet: Sheet, texels: Texels, rays: Rays, paint: Paint, watch: Callable[[], None], exact: Exact | None = None
) -> Maps:
    """`rays`: against the sheet's mesh; `exact`: better normals for (texels, points, normals), where there is an exact
    surface to ask.
    """
    mesh = sheet.mesh
    points = blend(mesh.corners(), texels)
    normals = unit(blend(sheet.normals(), texels))
    true = normals if exact is None else exact(texels, points, normals)
    watch()

    blocks = Blocks(texels, sheet.chart, BLOCK)
    region = blocks.spread_exact(points, paint.regions)
    watch()
    of_face = paint.regions(mesh.corners().mean(axis=1).astype(np.float32), False)
    along = longest_axes(mesh, of_face)[texels.face]
    coat = paint.coat(Surfaces(points, true, region, along, sheet.texel_size))
    watch()
    wide = Blocks(texels, sheet.chart, SKY_BLOCK)
    open_to = openness(rays, points[wide.first], normals[wide.first], SKY_RAYS, rays.size * SKY_REACH)
    sky = wide.spread_smooth(open_to[:, None])[:, 0]
    watch()

    nearest = _nearest(texels)
    surface = np.stack([sky, coat.roughness, coat.metallic], axis=1)
    return Maps(
        color=_softened(_picture(coat.color, nearest), region, nearest),
        surface=_picture(surface, nearest),
        normal=normal_map(sheet, texels, normals, true, coat.height, nearest),
        lossless=paint.lossless,
        mirrors=not coat.height.any(),
        parts=parted(paint.names, of_face, region, coat),
    )


def _nearest(texels: Texels) -> Array:
    """(S, S) int32 for every texel of the square the covered texel nearest to it: colours run on past the seams."""
    empty = np.ones((texels.size, texels.size), np.uint8)
    empty[texels.row, texels.column] = 0
    _, label = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    nearest = np.empty(label.shape, np.int32)
    _numbered(texels.row, texels.column, label, nearest)
    return nearest


@compiled
def _numbered(rows: Ints, columns: Ints, label: Ints, nearest: Ints) -> None:
    number = np.zeros(label.size + 1, np.int32)
    for texel in range(len(rows)):
        number[label[rows[texel], columns[texel]]] = texel
    for row in range(len(label)):
        for column in range(len(label)):
            nearest[row, column] = number[label[row, column]]


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
    soft = picture.copy()
    if (region != region[0]).any():
        _soften(picture, region, nearest, soft)
    return soft


@compiled
def _soften(picture: Array, region: Ints, nearest: Ints, soft: Array) -> None:
    last = len(nearest) - 1
    for row in range(last + 1):
        above, below = row - 1 if row else 1, row + 1 if row < last else last - 1
        for column in range(last + 1):
            left, right = column - 1 if column else 1, column + 1 if column < last else last - 1
            own = region[nearest[row, column]]
            if (
                region[nearest[row, left]] == own and region[nearest[row, right]] == own
                and region[nearest[above, column]] == own and region[nearest[below, column]] == own
            ):  # fmt: skip
                continue
            for k in range(3):
                total = 0
                for y in (above, row, below):
                    total += np.int64(picture[y, left, k]) + picture[y, column, k] + picture[y, right, k]
                soft[row, column, k] = (2 * total + 9) // 18
