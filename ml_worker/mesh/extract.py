"""From samples to a closed mesh with crisp edges: dual contouring over the loops of marching cubes.

Every crossed lattice edge gives a point on the surface and the surface's normal there; every loop of a cell gives one
vertex, put where the planes of its crossings meet (the least-squares point of Ju et al., Dual Contouring of Hermite
Data, SIGGRAPH 2002), so edges and corners of the solid come out as edges and corners; every crossed lattice edge gives
a quad between the loops of the four cells around it. One vertex a loop, instead of one a cell, keeps the result a
2-manifold (see `cases`).
"""

import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.engines.port import Permanent
from ml_worker.mesh.cases import EDGES, SIDES, case_tables
from ml_worker.mesh.lattice import BLOCK_OF, OFFSETS, POINT_OF, Field, Lattice
from ml_worker.mesh.mesh import Floats, Ints, Mesh

FLAT = 0.985
"""Mean length of the normals around a vertex above which the surface counts as smooth there (about 10 degrees)."""
RANK = 0.08
"""Share of the largest eigenvalue below which a direction is left to the mean of the crossings."""
REACH = 0.01
"""Size of a gradient's differences, in lattice steps."""
ROUNDS = 6
CLOSE = 0.002
"""How near to 0 the field must be at a crossing, in lattice steps."""
NEAR = 0.0005
"""How far from the exact surface, in lattice steps, a vertex may stay where it was put."""
CORNERS: Ints = (OFFSETS[:, None] + OFFSETS[None]) @ np.array([9, 3, 1], np.int32)
"""(8, 8): for each cell of a block and each of its corners the point of the block's 3 x 3 x 3."""
CROSSED: npt.NDArray[np.bool_] = np.array(
    [[(case >> corner & 1) != (case >> (corner | 1 << axis) & 1) for corner, axis in EDGES] for case in range(256)]
)
"""(256, 12): which edges of a cell the surface crosses."""
AROUND: Ints = np.array([[0, 0], [-1, 0], [-1, -1], [0, -1]], np.int32)
"""The four cells around a lattice edge, as offsets along the two other axes, counter-clockwise seen from above."""


class Loops(msgspec.Struct, frozen=True, eq=False):
    """What the surface does in the lattice, before anything is placed."""

    cells: Ints
    """(C, 3): coordinates of each loop's cell."""
    edges: Ints
    """(E,): keys (3 slot + axis) of the crossed lattice edges."""
    upper: Ints
    """(E,): the slots of their upper ends."""
    rising: npt.NDArray[np.bool_]
    """(E,): the field grows along the edge: the solid is at its lower end."""
    quads: Ints
    """(E, 4): the loops around each edge, counter-clockwise seen from the edge's upper end."""


def loops_of(lattice: Lattice) -> Loops:
    tables = case_tables()
    inside = lattice.inside()
    cases = np.zeros((8, len(lattice.active)), np.uint8)
    for corner in range(8):
        cases |= inside[CORNERS[:, corner]] << np.uint8(corner)
    block, cell = np.nonzero(((cases != 0) & (cases != 255)).T)
    case = cases[cell, block]
    coordinates = lattice.active[block] * 2 + OFFSETS[cell]
    flip = _flips(coordinates, case, tables.pinched)

    count = tables.loop_count[case, flip].astype(np.int32)
    first = np.cumsum(count, dtype=np.int32) - count
    flags = np.zeros(lattice.values.size * 3, bool)
    crossed: list[tuple[Ints, Ints]] = []
    for number, (corner, axis) in enumerate(EDGES):
        rows = np.flatnonzero(CROSSED[case, number])
        keys = _slots(lattice, block[rows], CORNERS[cell[rows], corner]) * 3 + axis
        flags[keys] = True
        crossed.append((rows, keys))
    edges = np.flatnonzero(flags).astype(np.int32)
    edge_number = np.cumsum(flags, dtype=np.int32) - 1

    quads = np.full((len(edges), 4), -1, np.int32)
    upper = np.empty(len(edges), np.int32)
    for number, ((corner, axis), (rows, keys)) in enumerate(zip(EDGES, crossed, strict=True)):
        seen_from = OFFSETS[corner][[(axis + 1) % 3, (axis + 2) % 3]]  # the cell lies at minus this from the edge
        place = int(np.flatnonzero((-seen_from == AROUND).all(axis=1))[0])
        edge = edge_number[keys]
        quads[edge, place] = first[rows] + tables.loop_of_edge[case[rows], flip[rows], number]
        upper[edge] = _slots(lattice, block[rows], CORNERS[cell[rows], corner | 1 << axis])
    rising = lattice.values.ravel()[edges // 3] < 0
    return Loops(np.repeat(coordinates, count, axis=0), edges, upper, rising, quads)


def _slots(lattice: Lattice, block: Ints, point: Ints) -> Ints:
    """(N,) slot numbers of points of the active blocks' 3 x 3 x 3."""
    return np.asarray(lattice.neighbours[block, BLOCK_OF[point]] * 8 + POINT_OF[point])


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


def _crossings(field: Field, lattice: Lattice, loops: Loops) -> Floats:
    """(E, 3): where the field is 0 on each crossed edge, by false position (the Illinois rule)."""
    lower = loops.edges // 3
    points = lattice.point(lower)
    axis = loops.edges % 3
    fa = lattice.values.ravel()[lower].astype(np.float64)
    fb = lattice.values.ravel()[loops.upper].astype(np.float64)
    a, b = np.zeros(len(lower)), np.ones(len(lower))
    at = fa / (fa - fb)
    side = np.zeros(len(lower), np.int8)
    rows = np.arange(len(lower))
    for _ in range(ROUNDS):
        places = points[rows]
        places[np.arange(len(rows)), axis[rows]] += at[rows] * lattice.step
        value = field.distance(places).astype(np.float64)
        del places
        off = np.abs(value) > CLOSE * lattice.step
        rows, value = rows[off], value[off]
        if not len(rows):
            break
        low = (value < 0) == (fa[rows] < 0)
        # An end that stays twice running is pulled in by halving its value, or it would stay for good.
        fb[rows] = np.where(low, np.where(side[rows] == 1, fb[rows] / 2, fb[rows]), value)
        fa[rows] = np.where(low, value, np.where(side[rows] == -1, fa[rows] / 2, fa[rows]))
        a[rows], b[rows] = np.where(low, at[rows], a[rows]), np.where(low, b[rows], at[rows])
        side[rows] = np.where(low, 1, -1)
        at[rows] = (a[rows] * fb[rows] - b[rows] * fa[rows]) / (fb[rows] - fa[rows])
    points[np.arange(len(points)), axis] += np.clip(at, 0, 1) * lattice.step
    return points


def _place(lattice: Lattice, loops: Loops, points: Floats, normals: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(C, 3) vertices, and which of them sit on an edge or a corner of the solid."""
    count = len(loops.cells)
    pair_loop = loops.quads.ravel()
    pair_edge = np.repeat(np.arange(len(loops.edges), dtype=np.int32), 4)

    def total(weights: Floats) -> Floats:
        return np.bincount(pair_loop, weights[pair_edge], minlength=count)

    share = 1 / np.bincount(pair_loop, minlength=count)
    mean = np.stack([total(points[:, k]) for k in range(3)], axis=1) * share[:, None]
    lean = np.stack([total(normals[:, k]) for k in range(3)], axis=1) * share[:, None]
    sharp = np.linalg.norm(lean, axis=1) < FLAT
    if not sharp.any():
        return mean, sharp

    keep = sharp[pair_loop]
    rows = np.cumsum(sharp) - 1
    target = rows[pair_loop[keep]]
    p = points[pair_edge[keep]] - mean[pair_loop[keep]]
    n = normals[pair_edge[keep]].astype(np.float64)
    size = int(sharp.sum())
    ata = np.empty((size, 3, 3))
    atb = np.empty((size, 3))
    offset = np.einsum("ij,ij->i", n, p)
    for i in range(3):
        atb[:, i] = np.bincount(target, n[:, i] * offset, minlength=size)
        for j in range(i, 3):
            ata[:, i, j] = ata[:, j, i] = np.bincount(target, n[:, i] * n[:, j], minlength=size)
    values, vectors = np.linalg.eigh(ata)
    strong = values > RANK * values[:, 2:]
    inverse = np.where(strong, 1 / np.where(strong, values, 1), 0)
    move = np.einsum("nij,nj,nkj,nk->ni", vectors, inverse, vectors, atb)
    cell = lattice.origin + loops.cells[sharp] * lattice.step
    placed = mean.copy()
    placed[sharp] = np.clip(mean[sharp] + move, cell, cell + lattice.step)
    return placed, sharp


def _split(loops: Loops, vertices: Floats, points: Floats, normals: Floats) -> Ints:
    """Cut each quad along the diagonal whose middle lies nearer to the surface at the quad's crossing."""
    quads = np.where(loops.rising[:, None], loops.quads, loops.quads[:, ::-1])
    middles = [(vertices[quads[:, k]] + vertices[quads[:, k + 2]]) / 2 for k in range(2)]
    off = [np.abs(np.einsum("ij,ij->i", normals, middle - points)) for middle in middles]
    first = (off[0] <= off[1])[:, None]
    one = np.where(first, quads[:, [0, 1, 2]], quads[:, [1, 2, 3]])
    two = np.where(first, quads[:, [0, 2, 3]], quads[:, [1, 3, 0]])
    return np.stack([one, two], axis=1).reshape(-1, 3)


def extract(field: Field, lattice: Lattice) -> Mesh:
    """The closed surface at full lattice resolution, vertices on the exact surface. Raises Permanent `empty`."""
    loops = loops_of(lattice)
    if not len(loops.edges):
        raise Permanent("empty", "Nothing is left of the shape.")
    reach = lattice.step * REACH
    points = _crossings(field, lattice, loops)
    normals = field.gradient(points, reach)
    vertices, _ = _place(lattice, loops, points, normals)
    distance = field.distance(vertices)
    off = np.flatnonzero(np.abs(distance) > NEAR * lattice.step)
    way = np.clip(distance[off], -lattice.step / 2, lattice.step / 2)[:, None]
    vertices[off] -= field.gradient(vertices[off], reach) * way
    return Mesh(vertices, _split(loops, vertices, points, normals).astype(np.int32))
