"""Equal rows of whole numbers found in one pass, by a hash table with open addressing."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled

Ints = npt.NDArray[Any]


def distinct(rows: Ints) -> tuple[Ints, Ints]:
    """(N, K) -> (M,) where each different row stands first, and (N,) int32 which of them every row is.

    Numbers go up in the order in which rows appear.
    """
    first, number = np.empty(len(rows), np.int32), np.empty(len(rows), np.int32)
    return first[: _numbered(np.ascontiguousarray(rows), first, number)].copy(), number


@compiled
def _numbered(rows: Ints, first: Ints, number: Ints) -> int:
    size = 16
    while size < 2 * len(rows):
        size *= 2
    table, last = np.full(size, -1, np.int32), np.uint64(size - 1)
    count = 0
    for row in range(len(rows)):
        mixed = np.uint64(0)
        for value in rows[row]:
            # Multiplying spreads a number upwards only, so the upper half is folded back (as in MurmurHash3).
            mixed = (mixed ^ np.uint64(value)) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        place = mixed & last
        while table[place] >= 0 and not _equal(rows[first[table[place]]], rows[row]):
            place = (place + np.uint64(1)) & last
        if table[place] < 0:
            table[place], first[count] = count, row
            count += 1
        number[row] = table[place]
    return count


@compiled
def _equal(one: Ints, two: Ints) -> bool:
    same = True
    for k in range(len(one)):
        same &= one[k] == two[k]
    return same
