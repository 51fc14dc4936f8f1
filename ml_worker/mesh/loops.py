"""What the surface does in the lattice: which edges it crosses, and its loops through the cells.

Every loop of a cell becomes one vertex; every crossed lattice edge gives a quad between the loops of the four cells
around it. One vertex a loop, instead of one a cell, keeps the result a 2-manifold (see `cases`).
"""

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.cases import EDGES, SIDES, case_tables
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.lattice import BLOCK_OF, OFFSETS, POINT_OF, Lattice
from ml_worker.mesh.mesh import Floats, Ints

EVEN = 0.012
"""A cell is even when the field differs by no more than this share of a step from a linear one at its corners."""
CORNERS: Ints = (OFFSETS[:, None] + OFFSETS[None]) @ np.array([9, 3, 1], np.int32)
"""(8, 8): for each cell of a block and each of its corners the point of the block's 3 x 3 x 3."""
CORNER_BLOCK: Ints = BLOCK_OF[CORNERS]
CORNER_POINT: Ints = POINT_OF[CORNERS]
LOWER: Ints = np.array([corner for corner, _ in EDGES], np.int32)
ALONG: Ints = np.array([axis for _, axis in EDGES], np.int32)
"""(12,): the lower corner of each of a cell's edges, and its axis."""
AROUND = ((0, 0), (-1, 0), (-1, -1), (0, -1))
"""The four cells around a lattice edge, as offsets along the two other axes, counter-clockwise seen from above."""
PLACE: Ints = np.array(
    [
        AROUND.index((-int(OFFSETS[corner][(axis + 1) % 3]), -int(OFFSETS[corner][(axis + 2) % 3])))
        for corner, axis in EDGES
    ],
    np.int32,
)
"""(12,): as which of the four a cell lies around each of its edges."""


class Loops(msgspec.Struct, frozen=True, eq=False):
    """Before anything is placed."""

    cells: Ints
    """(C, 3): coordinates of each loop's cell."""
    slopes: Floats
    """(C, 3) float32: the field's gradient in each loop's cell, by its corners."""
    even: npt.NDArray[np.bool_]
    """(C,): the field is all but linear in the loop's cell, and the loop is its only one."""
    lower: Ints
    """(E,): the slots of the crossed lattice edges' lower ends."""
    upper: Ints
    """(E,): those of their upper ends."""
    axis: Ints
    """(E,): along which the edge runs."""
    quads: Ints
    """(E, 4): the loops around each edge, counter-clockwise seen from the edge's upper end."""


def loops_of(lattice: Lattice) -> Loops:
    tables = case_tables()
    crossed = _count(lattice.neighbours, lattice.values)
    block, cell, case = np.empty(crossed, np.int32), np.empty(crossed, np.int8), np.empty(crossed, np.uint8)
    slopes, even = np.empty((crossed, 3), np.float32), np.empty(crossed, np.bool_)
    _survey(
        lattice.neighbours, lattice.values, np.float32(EVEN * lattice.step), np.float32(lattice.step),
        block, cell, case, slopes, even,
    )  # fmt: skip
    coordinates = lattice.active[block] * 2 + OFFSETS[cell]
    flip = _flips(coordinates, case, tables.pinched)
    count = tables.loop_count[case, flip].astype(np.int32)
    first = np.cumsum(count, dtype=np.int32) - count
    even &= count == 1
    edge_of = np.full(lattice.values.size * 3, -1, np.int32)
    lower, upper, axis = (np.empty(4 * crossed, np.int32) for _ in range(3))
    quads = np.empty((4 * crossed, 4), np.int32)
    edges = _joined(
        lattice.neighbours, lattice.values.size, block, cell, case, flip, first, tables.loop_of_edge,
        edge_of, lower, upper, axis, quads,
    )  # fmt: skip
    single = len(count) == int(count.sum())
    return Loops(
        coordinates if single else np.repeat(coordinates, count, axis=0),
        slopes if single else np.repeat(slopes, count, axis=0),
        even if single else np.repeat(even, count),
        lower[:edges], upper[:edges], axis[:edges], quads[:edges],
    )  # fmt: skip


@compiled
def _count(neighbours: Ints, values: Floats) -> int:
    """How many cells the surface passes through."""
    count = 0
    negative = np.empty(27, np.bool_)
    for block in range(len(neighbours)):
        inside = 0
        for point in range(27):
            negative[point] = values[neighbours[block, BLOCK_OF[point]], POINT_OF[point]] < 0
            inside += negative[point]
        if inside in (0, 27):
            continue
        for cell in range(8):
            inside = 0
            for corner in range(8):
                inside += negative[CORNERS[cell, corner]]
            count += 0 < inside < 8
    return count


@compiled
def _survey(
    neighbours: Ints, values: Floats, near: np.float32, step: np.float32,
    block_of: Ints, cell_of: Ints, cases: Ints, slopes: Floats, even: npt.NDArray[np.bool_],
) -> None:  # fmt: skip
    """The cells that `_count` counted: how the surface passes, and the linear field that fits the corners best."""
    number = 0
    value = np.empty(8, np.float32)
    for block in range(len(neighbours)):
        for cell in range(8):
            case = 0
            for corner in range(8):
                value[corner] = values[neighbours[block, CORNER_BLOCK[cell, corner]], CORNER_POINT[cell, corner]]
                case |= (value[corner] < 0) << corner
            if case in (0, 255):
                continue
            middle = np.float32(0)
            gx, gy, gz = np.float32(0), np.float32(0), np.float32(0)
            for corner in range(8):
                middle += value[corner]
                gx += value[corner] if corner & 1 else -value[corner]
                gy += value[corner] if corner & 2 else -value[corner]
                gz += value[corner] if corner & 4 else -value[corner]
            off = np.float32(0)
            for corner in range(8):
                linear = (
                    middle + (gx if corner & 1 else -gx) + (gy if corner & 2 else -gy) + (gz if corner & 4 else -gz)
                )
                off = max(off, abs(value[corner] - linear * np.float32(0.125)))
            block_of[number], cell_of[number], cases[number] = block, cell, case
            slopes[number, 0], slopes[number, 1], slopes[number, 2] = gx, gy, gz
            for k in range(3):
                slopes[number, k] /= 4 * step
            # Far below 1 it is no distance any more, but the ridge between two sides.
            strong = gx * gx + gy * gy + gz * gz > np.float32(4) * step * step
            even[number] = off <= near and strong
            number += 1


@compiled
def _joined(
    neighbours: Ints, slots: int, block_of: Ints, cell_of: Ints, cases: Ints, flips: Ints, first: Ints,
    loop_of_edge: Ints, edge_of: Ints, lower: Ints, upper: Ints, axes: Ints, quads: Ints,
) -> int:  # fmt: skip
    """Number the crossed lattice edges as cells name them and put the cells' loops around them; returns how many."""
    count = 0
    for number in range(len(block_of)):
        block, cell, case, flip = block_of[number], cell_of[number], cases[number], flips[number]
        for edge in range(12):
            loop = loop_of_edge[case, flip, edge]
            if loop < 0:
                continue
            corner, axis = LOWER[edge], ALONG[edge]
            slot = neighbours[block, CORNER_BLOCK[cell, corner]] * 8 + CORNER_POINT[cell, corner]
            found = edge_of[slot * 3 + axis]
            if found < 0:
                found = edge_of[slot * 3 + axis] = count
                count += 1
                above = corner | 1 << axis
                lower[found], axes[found] = slot, axis
                upper[found] = neighbours[block, CORNER_BLOCK[cell, above]] * 8 + CORNER_POINT[cell, above]
            quads[found, PLACE[edge]] = first[number] + loop
    return count


def _flips(cells: Ints, case: Ints, pinched: Ints) -> Ints:
    """1 for cells that share their pinched side with a cell that has its own pinched side there."""
    flip = np.zeros(len(cells), np.int8)
    side = pinched[case]
    rows = np.flatnonzero(side >= 0)
    if not len(rows):
        return flip
    where = cells[rows]
    at = {tuple(place): int(side[row]) for place, row in zip(where.tolist(), rows, strict=True)}
    for place, row in zip(where.tolist(), rows, strict=True):
        axis, end = SIDES[int(side[row])]
        other = list(place)
        other[axis] += 1 if end else -1
        flip[row] = at.get(tuple(other)) == (int(side[row]) ^ 1)
    return flip
