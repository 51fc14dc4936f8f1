"""The normal map: what the surface does between the mesh's vertices.

Two things go into it: the relief of the materials (mortar, threads), and the exact surface's own normals wherever the
mesh, made of few triangles, shades differently from it.
"""

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.blocks import Blocks
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.lattice import Field
from ml_worker.mesh.mesh import Ints
from ml_worker.mesh.sheet import Sheet, blend, unit
from ml_worker.mesh.texels import Texels
from ml_worker.mesh.vectors import directions, dots, lengths

Array = npt.NDArray[Any]
SEEN = np.cos(np.radians(1.8))
"""A face whose shading is farther than this from the exact surface's gets the exact normals."""
EVEN = np.cos(np.radians(0.6))
"""A face that shades as flat as it is, to within this, needs no comparison."""
OTHER_SIDE = np.cos(np.radians(58))
"""An exact normal farther than this from the shading belongs to the other side of an edge."""
MANY = 30_000
"""From so many texels on, every second one in each direction is asked."""
FAINT = 0.2
"""A slope below this (1 in an exact field) has no direction: the middle between two sides."""
TORN = np.cos(np.radians(62))
"""An edge runs through a face in which exact normals differ by more than this."""
CALM = np.cos(np.radians(0.6))
"""A face whose shading is this near to the exact surface's in its middle needs no more comparisons."""
PROBES = np.array([[1 / 3, 1 / 3, 1 / 3], [0.46, 0.46, 0.08], [0.08, 0.46, 0.46], [0.46, 0.08, 0.46]], np.float32)
"""Where in a face its shading is compared: its middle, and near the middles of its edges."""


def exact_normals(sheet: Sheet, texels: Texels, points: Array, normals: Array, field: Field, reach: float) -> Array:
    """(T, 3) `normals`, and in faces that shade wrongly the exact surface's."""
    shown = np.zeros(len(sheet.chart), np.bool_)
    shown[texels.face] = True
    strays = _strays(sheet, field, reach, shown)[texels.face]
    count = np.count_nonzero(strays)
    if not count:
        return normals
    if count <= MANY:
        rows = np.flatnonzero(strays)
        exact, sure = _asked(field, points[rows], normals[rows], reach)
        better = normals.copy()
        better[rows[sure]] = exact[sure]
        return better
    blocks = Blocks(texels, sheet.chart, width=2)
    speaking = np.flatnonzero(strays[blocks.first])
    asked = blocks.first[speaking]
    exact, sure = _asked(field, points[asked], normals[asked], reach)
    off = np.zeros((len(blocks.first), 3), np.float32)
    off[speaking[sure]] = exact[sure] - normals[asked[sure]]
    better = blocks.spread_smooth(off)
    better += normals
    return unit(better)


def _strays(sheet: Sheet, field: Field, reach: float, shown: Array) -> Array:
    """(F,) bool, of the faces that are `shown`.

    A face that an edge of the exact surface runs through is left alone: half of it would be wrong.
    """
    shading = sheet.normals()
    even = np.einsum("fki,fi->fk", shading, sheet.mesh.face_normals()).min(axis=1) > EVEN
    faces = np.flatnonzero(~even & shown)
    strays = np.zeros(len(even), bool)
    corners, shading = sheet.mesh.corners()[faces].astype(np.float32), shading[faces]
    middle, sure, turn = _probed(field, PROBES[:1], corners, shading, reach)
    restless = (~sure | (turn < CALM))[0]
    faces, middle, sure, turn = faces[restless], middle[:, restless], sure[:, restless], turn[:, restless]
    exact, sure_too, turn_too = _probed(field, PROBES[1:], corners[restless], shading[restless], reach)
    seen = np.concatenate([middle, exact])
    sound = sure.all(axis=0) & sure_too.all(axis=0)
    for one, other in combinations(seen, 2):
        sound &= dots(one, other) > TORN
    strays[faces] = sound & ((turn < SEEN).any(axis=0) | (turn_too < SEEN).any(axis=0))
    return strays


def _probed(field: Field, probes: Array, corners: Array, shading: Array, reach: float) -> tuple[Array, Array, Array]:
    """At each of `probes` (P, 3) in each face: exact normals (P, F, 3), (P, F) whether they can be believed, and the
    cosine between them and the shading.
    """
    points = np.einsum("pk,fki->pfi", probes, corners).reshape(-1, 3)
    normals = directions(np.einsum("pk,fki->pfi", probes, shading).reshape(-1, 3))
    exact, sure = _asked(field, points, normals, reach)
    shape = len(probes), len(corners)
    return exact.reshape(*shape, 3), sure.reshape(shape), dots(exact, normals).reshape(shape)


def _asked(field: Field, points: Array, normals: Array, reach: float) -> tuple[Array, Array]:
    """Exact normals, and which of them can be believed."""
    slope = field.slope(points, reach)
    exact = directions(slope)
    return exact, (lengths(slope) > FAINT) & (dots(exact, normals) > OTHER_SIDE)


def normal_map(
    sheet: Sheet, texels: Texels, normals: Array, exact: Array, height: Array, nearest: Array
) -> Array | None:
    """(S, S, 3) uint8, green up; None when it would be flat. `exact` is `normals` or better, `height` in metres."""
    if exact is normals and not height.any():
        return None
    tangent = blend(sheet.tangents(), texels)
    levels = np.empty((len(normals), 3), np.uint8)
    chart = np.ascontiguousarray(sheet.chart, np.int32)
    _lean(
        texels.row, texels.column, texels.face, chart, normals, exact, tangent, height.astype(np.float32), nearest,
        np.float32(2 * sheet.texel_size), levels,
    )  # fmt: skip
    picture = np.empty((*nearest.shape, 3), np.uint8)
    _shown(levels, nearest, picture)
    return picture


@compiled
def _shown(levels: Array, nearest: Ints, picture: Array) -> None:
    for row in range(len(nearest)):
        for column in range(len(nearest)):
            texel = nearest[row, column]
            for k in range(3):
                picture[row, column, k] = levels[texel, k]


@compiled
def _lean(
    rows: Ints, columns: Ints, faces: Ints, chart: Ints, normals: Array, exact: Array, tangent: Array, height: Array,
    nearest: Ints, apart: np.float32, levels: Array,
) -> None:  # fmt: skip
    """The exact normals as seen from the shading's own frame, and leaned by the rise of the height within charts."""
    last = len(nearest) - 1
    for number in range(len(rows)):
        nx, ny, nz = normals[number]
        tx, ty, tz, hand = tangent[number]
        length = max(np.sqrt(tx * tx + ty * ty + tz * tz), np.float32(1e-9))
        tx, ty, tz = tx / length, ty / length, tz / length
        turn = np.float32(1) if hand > 0 else np.float32(-1)
        bx, by, bz = (ny * tz - nz * ty) * turn, (nz * tx - nx * tz) * turn, (nx * ty - ny * tx) * turn
        ex, ey, ez = exact[number]
        along, upward = ex * tx + ey * ty + ez * tz, ex * bx + ey * by + ez * bz
        ahead = ex * nx + ey * ny + ez * nz

        row, column, own = rows[number], columns[number], chart[faces[number]]
        left, right = nearest[row, max(column - 1, 0)], nearest[row, min(column + 1, last)]
        if chart[faces[left]] == own and chart[faces[right]] == own:
            along -= (height[right] - height[left]) / apart * ahead
        above, below = nearest[max(row - 1, 0), column], nearest[min(row + 1, last), column]
        if chart[faces[above]] == own and chart[faces[below]] == own:
            upward += (height[below] - height[above]) / apart * ahead

        # 128 for upright: with 127.5 rounding would make noise of it.
        length = max(np.sqrt(along * along + upward * upward + ahead * ahead), np.float32(1e-9))
        levels[number, 0] = np.uint8(np.rint(along / length * 127 + 128))
        levels[number, 1] = np.uint8(np.rint(upward / length * 127 + 128))
        levels[number, 2] = np.uint8(np.rint(ahead / length * 127 + 128))
