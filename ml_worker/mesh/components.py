"""What hangs together: the connected components of a graph given by its links."""

import numpy as np

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Ints


def components(size: int, one: Ints, two: Ints) -> tuple[int, Ints]:
    """How many there are, and (size,) int32 the component of each node, numbered by their lowest nodes.

    Links run between the nodes `one` (N,) and `two` (N,). Disjoint sets with path halving (Tarjan and van Leeuwen,
    "Worst-Case Analysis of Set Union Algorithms", 1984); SciPy takes several times longer to set its matrix up.
    """
    number = np.empty(size, np.int32)
    return _joined(np.ascontiguousarray(one), np.ascontiguousarray(two), number), number


@compiled
def _joined(one: Ints, two: Ints, number: Ints) -> int:
    parent = np.arange(len(number), dtype=np.int32)
    for link in range(len(one)):
        a, b = one[link], two[link]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        # The lower node stays the root, so that a root is met before its followers.
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    count = 0
    for node in range(len(number)):
        if parent[node] == node:
            number[node] = count
            count += 1
        else:
            number[node] = number[parent[node]]
    return count
