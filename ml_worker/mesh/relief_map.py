"""The normal map: what the surface does between the mesh's vertices.

Two things go into it: the relief of the materials (mortar, threads), and the exact surface's own normals wherever the
mesh, made of few triangles, shades differently from it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.blocks import Blocks
from ml_worker.mesh.lattice import Field
from ml_worker.mesh.sheet import Sheet, blend
from ml_worker.mesh.texels import Texels

Array = npt.NDArray[Any]
SEEN = np.cos(np.radians(1.8))
"""A face whose shading is farther than this from the exact surface's gets the exact normals."""
EVEN = np.cos(np.radians(0.6))
"""A face that shades as flat as it is, to within this, needs no comparison."""
OTHER_SIDE = np.cos(np.radians(58))
"""An exact normal farther than this from the shading belongs to the other side of an edge."""
MANY = 120_000
"""From so many texels on, every second one in each direction is asked."""
FAINT = 0.2
"""A slope below this (1 in an exact field) has no direction: the middle between two sides."""
TORN = np.cos(np.radians(62))
"""An edge runs through a face in which exact normals differ by more than this."""
PROBES = np.array([[1 / 3, 1 / 3, 1 / 3], [0.46, 0.46, 0.08], [0.08, 0.46, 0.46], [0.46, 0.08, 0.46]], np.float32)
"""Where in a face its shading is compared: its middle, and near the middles of its edges."""


def exact_normals(sheet: Sheet, texels: Texels, points: Array, normals: Array, field: Field, reach: float) -> Array:
    """(T, 3) `normals`, and in faces that shade wrongly the exact surface's."""
    strays = _strays(sheet, field, reach)[texels.face]
    rows = np.flatnonzero(strays)
    if not len(rows):
        return normals
    if len(rows) <= MANY:
        exact, sure = _asked(field, points[rows], normals[rows], reach)
        better = normals.copy()
        better[rows[sure]] = exact[sure]
        return better
    blocks = Blocks(texels, sheet.chart, width=2)
    asked = blocks.first[strays[blocks.first]]
    exact, sure = _asked(field, points[asked], normals[asked], reach)
    off = np.zeros((len(texels.face), 3), np.float32)
    off[asked[sure]] = exact[sure] - normals[asked[sure]]
    better = normals + blocks.spread_smooth(off[blocks.first])
    return np.asarray(better / np.linalg.norm(better, axis=1, keepdims=True))


def _strays(sheet: Sheet, field: Field, reach: float) -> Array:
    """(F,) bool. A face that an edge of the exact surface runs through is left alone: half of it would be wrong."""
    shading = sheet.normals()
    even = np.einsum("fki,fi->fk", shading, sheet.mesh.face_normals()).min(axis=1) > EVEN
    faces = np.flatnonzero(~even)
    strays, sound = np.zeros(len(even), bool), np.ones(len(faces), bool)
    corners, shading = sheet.mesh.corners()[faces].astype(np.float32), shading[faces]
    seen: list[Array] = []
    for weights in PROBES:
        points = np.einsum("k,fki->fi", weights, corners)
        normals = np.einsum("k,fki->fi", weights, shading)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        exact, sure = _asked(field, points, normals, reach)
        strays[faces] |= np.einsum("ij,ij->i", exact, normals) < SEEN
        sound &= sure
        for other in seen:
            sound &= np.einsum("ij,ij->i", exact, other) > TORN
        seen.append(exact)
    strays[faces] &= sound
    return strays


def _asked(field: Field, points: Array, normals: Array, reach: float) -> tuple[Array, Array]:
    """Exact normals, and which of them can be believed."""
    slope = field.slope(points, reach)
    strength = np.linalg.norm(slope, axis=1)
    exact = slope / np.maximum(strength, 1e-9)[:, None]
    return exact, (strength > FAINT) & (np.einsum("ij,ij->i", exact, normals) > OTHER_SIDE)


def normal_map(
    sheet: Sheet, texels: Texels, normals: Array, exact: Array, height: Array, nearest: Array
) -> Array | None:
    """(S, S, 3) uint8, green up; None when it would be flat. `exact` is `normals` or better, `height` in metres."""
    if exact is normals and not height.any():
        return None
    tangent = blend(sheet.tangents(), texels)
    hand = tangent[:, 3:]
    along = tangent[:, :3] / np.maximum(np.linalg.norm(tangent[:, :3], axis=1, keepdims=True), 1e-9)
    upward = np.cross(normals, along) * np.sign(hand)
    leaning = np.stack([np.einsum("ij,ij->i", exact, axis) for axis in (along, upward, normals)], axis=1)
    if height.any():
        right, up = _slopes(height, texels, sheet, nearest)
        leaning[:, 0] -= right * leaning[:, 2]
        leaning[:, 1] -= up * leaning[:, 2]
    leaning /= np.maximum(np.linalg.norm(leaning, axis=1, keepdims=True), 1e-9)
    levels = np.rint((leaning * 0.5 + 0.5) * 255).astype(np.uint8)
    return np.asarray(levels[nearest])


def _slopes(height: Array, texels: Texels, sheet: Sheet, nearest: Array) -> tuple[Array, Array]:
    """(T,) rise of the height to the right and upwards in the picture, within charts."""
    field = height[nearest].astype(np.float32)
    chart = sheet.chart[texels.face][nearest]
    slopes = []
    for axis in (1, 0):
        step = (np.roll(field, -1, axis) - np.roll(field, 1, axis)) / np.float32(2 * sheet.texel_size)
        step[(np.roll(chart, -1, axis) != chart) | (np.roll(chart, 1, axis) != chart)] = 0
        slopes.append(step[texels.row, texels.column])
    return slopes[0], -slopes[1]
