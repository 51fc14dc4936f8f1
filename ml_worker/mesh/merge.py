"""Flat patches of the surface become one vertex each, before anything is asked about them.

Where all loops in a block of 2 x 2 x 2 cells, of 4 x 4 x 4, and so on, lie in one plane, they make one patch: one
vertex stands for them all, and the quads between them vanish. Patches fill boxes of the lattice, so they meet as the
boxes do, whatever their sizes.
"""

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats, Ints

LEVELS = 4
"""A patch reaches over at most 2 ** LEVELS cells."""
LEAN = 0.9985
"""Least cosine between the normals of a patch and their mean (about 3 degrees)."""


def patches(cells: Ints, even: npt.NDArray[np.bool_], points: Floats, normals: Floats, depth: float) -> Ints:
    """(C,) the loop that stands for each loop; itself where it is in no patch.

    `cells` (C, 3), `even` (C,): of the loops, as in `Loops`; `points`, `normals`: (C, 3). `depth`: how far from their
    plane the points of a patch may lie.
    """
    speaker = np.arange(len(cells), dtype=np.int32)
    sound = even.copy()
    for level in range(1, LEVELS + 1):
        if not _level(cells, level, sound, points, normals, depth, speaker):
            break
    return speaker


@compiled
def _level(
    cells: Ints, level: int, sound: npt.NDArray[np.bool_], points: Floats, normals: Floats, depth: float, speaker: Ints
) -> int:
    """Merge what lies in one box of 2 ** level cells, if all of it is `sound`: in a patch of the level below."""
    across = np.zeros(3, np.int64)
    for loop in range(len(cells)):
        for k in range(3):
            across[k] = max(across[k], (cells[loop, k] >> level) + 1)
    numbers = np.full(across[0] * across[1] * across[2], -1, np.int32)
    box = np.empty(len(cells), np.int32)
    count = 0
    for loop in range(len(cells)):
        x, y, z = cells[loop, 0] >> level, cells[loop, 1] >> level, cells[loop, 2] >> level
        place = (x * across[1] + y) * across[2] + z
        if numbers[place] < 0:
            numbers[place] = count
            count += 1
        box[loop] = numbers[place]

    middle, upright, members = np.zeros((count, 3)), np.zeros((count, 3)), np.zeros(count, np.int32)
    flat = np.ones(count, np.bool_)
    for loop in range(len(cells)):
        own = box[loop]
        flat[own] &= sound[loop]
        members[own] += 1
        for k in range(3):
            middle[own, k] += points[loop, k]
            upright[own, k] += normals[loop, k]
    for own in range(count):
        length = np.sqrt(upright[own, 0] ** 2 + upright[own, 1] ** 2 + upright[own, 2] ** 2)
        for k in range(3):
            middle[own, k] /= members[own]
            upright[own, k] /= length
    nearest, best = np.full(count, np.inf), np.zeros(count, np.int32)
    for loop in range(len(cells)):
        own = box[loop]
        if not flat[own]:
            continue
        off, turn, away = 0.0, 0.0, 0.0
        for k in range(3):
            apart = points[loop, k] - middle[own, k]
            off += apart * upright[own, k]
            turn += normals[loop, k] * upright[own, k]
            away += apart * apart
        flat[own] = abs(off) <= depth and turn >= LEAN
        if away < nearest[own]:
            nearest[own], best[own] = away, loop
    merged = 0
    for loop in range(len(cells)):
        sound[loop] = flat[box[loop]]
        if sound[loop]:
            speaker[loop] = best[box[loop]]
            merged += 1
    return merged
