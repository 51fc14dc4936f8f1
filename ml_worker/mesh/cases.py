"""The 256 ways in which a surface passes through a lattice cell, derived instead of typed in.

A cell has corners 0..7 (bit 0: x, bit 1: y, bit 2: z) and 12 edges. Where a corner inside meets a corner outside, the
surface crosses the edge. On each of the six sides the crossings are joined so that inside corners are cut off one by
one, which both cells that share a side do alike; the joined crossings form closed loops. Every loop becomes one vertex
of the dual mesh (Nielson, Dual Marching Cubes, IEEE Visualization 2004).

Two neighbouring cells may share a side that both have just one loop run through twice; the dual mesh would have an
edge with four faces there. Such cells have exactly one ambiguous side, and joining its crossings the other way in both
cells parts the loops (Wenger, Isosurfaces, 2013, section 3.3.6). `loops(case, flip=True)` gives that variant.
"""

from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

EDGES: tuple[tuple[int, int], ...] = tuple(
    (corner, axis) for axis in range(3) for corner in range(8) if not corner >> axis & 1
)
"""Edge number -> (its lower corner, its axis)."""
EDGE_NUMBER = {edge: number for number, edge in enumerate(EDGES)}
SIDES: tuple[tuple[int, int], ...] = tuple((axis, end) for axis in range(3) for end in range(2))
"""Side number -> (its axis, 0 for the lower or 1 for the upper end)."""

Loop = tuple[int, ...]
NO_LOOP = -1


def _side_corners(side: int) -> list[int]:
    """The four corners, counter-clockwise seen from outside the cell."""
    axis, end = SIDES[side]
    u, v = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
    ring = [0, u, u | v, v]
    return [corner | end << axis for corner in (ring if end else ring[::-1])]


def _edge_between(a: int, b: int) -> int:
    return EDGE_NUMBER[min(a, b), (a ^ b).bit_length() - 1]


def _joins(case: int, side: int, flip: bool) -> list[tuple[int, int]]:
    """Directed joins (from edge, to edge) on one side: the inside lies on the same hand along each of them."""
    ring = _side_corners(side)
    inside = [bool(case >> corner & 1) for corner in ring]
    entering: list[tuple[int, int]] = []
    leaving: list[tuple[int, int]] = []
    for at in range(4):
        if inside[at] != inside[(at + 1) % 4]:
            edge = _edge_between(ring[at], ring[(at + 1) % 4])
            (leaving if inside[at] else entering).append((at, edge))
    joins = []
    for at, edge in entering:
        steps = sorted(leaving, key=lambda other: (other[0] - at) % 4)
        joins.append((edge, steps[-1 if flip else 0][1]))
    return joins


def ambiguous(case: int, side: int) -> bool:
    return len(_joins(case, side, flip=False)) == 2


@cache
def loops(case: int, flip: bool = False) -> tuple[Loop, ...]:
    """The closed loops of crossed edges of a case; with `flip`, ambiguous sides keep the outside corners apart."""
    onward = dict(join for side in range(6) for join in _joins(case, side, flip and ambiguous(case, side)))
    found: list[Loop] = []
    while onward:
        start, edge = onward.popitem()
        loop = [start]
        while edge != start:
            loop.append(edge)
            edge = onward.pop(edge)
        found.append(tuple(loop))
    return tuple(sorted(found))


def pinched_side(case: int) -> int | None:
    """The side that one loop runs through twice, if there is one."""
    for side in range(6):
        joins = _joins(case, side, flip=False)
        if len(joins) == 2 and any({joins[0][0], joins[1][0]} <= set(loop) for loop in loops(case)):
            return side
    return None


class CaseTables(msgspec.Struct, frozen=True, eq=False):
    """The same as arrays. The second index of `loop_of_edge` and `loop_count` is 1 for the flipped variant."""

    loop_of_edge: npt.NDArray[Any]
    """(256, 2, 12) int8: which loop of the cell runs through the edge; NO_LOOP where none does."""
    loop_count: npt.NDArray[Any]
    """(256, 2) int8."""
    pinched: npt.NDArray[Any]
    """(256,) int8: `pinched_side`, or -1."""


@cache
def case_tables() -> CaseTables:
    loop_of_edge = np.full((256, 2, 12), NO_LOOP, np.int8)
    loop_count = np.zeros((256, 2), np.int8)
    pinched = np.full(256, -1, np.int8)
    for case in range(256):
        side = pinched_side(case)
        pinched[case] = -1 if side is None else side
        for flip in range(2):
            found = loops(case, bool(flip) and side is not None)
            loop_count[case, flip] = len(found)
            for number, loop in enumerate(found):
                loop_of_edge[case, flip, list(loop)] = number
    return CaseTables(loop_of_edge, loop_count, pinched)
