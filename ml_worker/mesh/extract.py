"""From samples to a closed mesh with crisp edges: dual contouring over the loops of marching cubes.

Every crossed lattice edge gives a point on the surface and the surface's normal there; every loop of a cell gives one
vertex, put where the planes of its crossings meet (the least-squares point of Ju et al., Dual Contouring of Hermite
Data, SIGGRAPH 2002), so edges and corners of the solid come out as edges and corners; the loops around a crossed edge
give a quad. In cells where the samples say that the field is linear, they also say where the surface is and how it
lies; the field is asked in the others, and at the vertices that are left once flat patches have been merged.
"""

import numpy as np
import numpy.typing as npt

from ml_worker.engines.port import Permanent
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.faces import closed
from ml_worker.mesh.lattice import Field, Lattice
from ml_worker.mesh.least_squares import least_squares
from ml_worker.mesh.loops import Loops, loops_of
from ml_worker.mesh.merge import patches
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
FLUSH = 0.009
"""A `depth` that takes nothing away that a person could see: about half of what simplification is granted at most."""
NEAR = 0.0005
"""How far from the exact surface, in lattice steps, a vertex may stay where it was put."""


def extract(field: Field, lattice: Lattice, depth: float = 0.0) -> Mesh:
    """The closed surface, vertices on the exact surface. Raises Permanent `empty`.

    `depth` (lattice steps): the points of a flat patch that one vertex stands for lie no farther from their plane; with
    0 every loop keeps its vertex.
    """
    loops = loops_of(lattice)
    if not len(loops.lower):
        raise Permanent("empty", "Nothing is left of the shape.")
    rising = lattice.values.ravel()[loops.lower] < 0
    points, normals, even_around = _by_samples(lattice, loops)
    # At the border of the even cells the samples' word is checked: an edge or a bevel may begin just there.
    doubtful = np.flatnonzero((even_around > 0) & (even_around < 4))
    off = np.abs(field.distance(points[doubtful])) > CLOSE * lattice.step
    rows = np.sort(np.concatenate([np.flatnonzero(even_around == 0), doubtful[off]]))
    points[rows] = _crossings(field, lattice, loops, rows)
    normals[rows] = field.gradient(points[rows], lattice.step * REACH)

    vertices, upright, sharp = _placed(lattice, loops, points, normals)
    speaker = np.arange(len(vertices), dtype=np.int32)
    if depth > 0:
        speaker = patches(loops.cells, ~sharp, vertices, upright, depth * lattice.step)
    faces = closed(loops.quads, rising, speaker, vertices, points, normals)
    whole = Mesh(vertices, faces)
    kept, mesh = whole.used(), whole.compact()
    _settle(field, mesh.vertices, upright[kept], loops.even[kept], lattice.step)
    return mesh


def _by_samples(lattice: Lattice, loops: Loops) -> tuple[Floats, Floats, Ints]:
    """(E, 3) crossings and (E, 3) normals as the even cells around have them, and (E,) how many there are."""
    points = lattice.point(loops.lower)
    normals, even_around = np.empty(points.shape, np.float32), np.empty(len(points), np.int8)
    _interpolate(
        lattice.values.ravel(), lattice.step, loops.lower, loops.upper, loops.axis, loops.quads, loops.slopes,
        loops.even, points, normals, even_around,
    )  # fmt: skip
    return points, normals, even_around


@compiled
def _interpolate(
    values: Floats, step: float, lower: Ints, upper: Ints, axis: Ints, quads: Ints, slopes: Floats,
    even: npt.NDArray[np.bool_], points: Floats, normals: Floats, even_around: Ints,
) -> None:  # fmt: skip
    for edge in range(len(lower)):
        low, high = values[lower[edge]], values[upper[edge]]
        points[edge, axis[edge]] += low / (low - high) * step
        x, y, z = np.float32(0), np.float32(0), np.float32(0)
        agree = 0
        for k in range(4):
            loop = quads[edge, k]
            if not even[loop]:
                continue
            agree += 1
            x, y, z = x + slopes[loop, 0], y + slopes[loop, 1], z + slopes[loop, 2]
        even_around[edge] = agree
        length = max(np.sqrt(x * x + y * y + z * z), np.float32(1e-9))
        normals[edge, 0], normals[edge, 1], normals[edge, 2] = x / length, y / length, z / length


def _crossings(field: Field, lattice: Lattice, loops: Loops, which: Ints) -> Floats:
    """(N, 3): where the field is 0 on each of these crossed edges, by false position (the Illinois rule)."""
    lower = loops.lower[which]
    points = lattice.point(lower)
    axis = loops.axis[which]
    fa = lattice.values.ravel()[lower].astype(np.float64)
    fb = lattice.values.ravel()[loops.upper[which]].astype(np.float64)
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


def _placed(
    lattice: Lattice, loops: Loops, points: Floats, normals: Floats
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """(C, 3) vertices, (C, 3) float32 mean normals, and which vertices sit on an edge or a corner of the solid."""
    count = len(loops.cells)
    mean, lean, sharp = np.zeros((count, 3)), np.zeros((count, 3)), np.empty(count, np.bool_)
    _averaged(loops.quads, points, normals, FLAT, mean, lean, sharp)
    number = np.cumsum(sharp, dtype=np.int32) - 1
    size = int(sharp.sum())
    if size:
        ata, atb = np.zeros((size, 3, 3)), np.zeros((size, 3))
        _planes(loops.quads, points, normals, mean, sharp, number, ata, atb)
        move = least_squares(ata, atb, RANK)
        cell = lattice.origin + loops.cells[sharp] * lattice.step
        mean[sharp] = np.clip(mean[sharp] + move, cell, cell + lattice.step)
    return mean, lean.astype(np.float32), sharp


@compiled
def _averaged(
    quads: Ints, points: Floats, normals: Floats, flat: float, mean: Floats, lean: Floats, sharp: npt.NDArray[np.bool_]
) -> None:
    crossings = np.zeros(len(mean), np.int32)
    for edge in range(len(quads)):
        for around in range(4):
            loop = quads[edge, around]
            crossings[loop] += 1
            for k in range(3):
                mean[loop, k] += points[edge, k]
                lean[loop, k] += normals[edge, k]
    for loop in range(len(mean)):
        length = np.sqrt(lean[loop, 0] ** 2 + lean[loop, 1] ** 2 + lean[loop, 2] ** 2)
        sharp[loop] = length < flat * crossings[loop]
        for k in range(3):
            mean[loop, k] /= crossings[loop]
            lean[loop, k] /= max(length, 1e-12)


@compiled
def _planes(
    quads: Ints, points: Floats, normals: Floats, mean: Floats, sharp: npt.NDArray[np.bool_], number: Ints,
    ata: Floats, atb: Floats,
) -> None:  # fmt: skip
    """The normal equations of the planes through each sharp loop's crossings, about the loop's mean."""
    for edge in range(len(quads)):
        for around in range(4):
            loop = quads[edge, around]
            if not sharp[loop]:
                continue
            row, offset = number[loop], 0.0
            for k in range(3):
                offset += normals[edge, k] * (points[edge, k] - mean[loop, k])
            for i in range(3):
                atb[row, i] += normals[edge, i] * offset
                for j in range(3):
                    ata[row, i, j] += np.float64(normals[edge, i]) * normals[edge, j]


def _settle(field: Field, vertices: Floats, upright: Floats, even: npt.NDArray[np.bool_], step: float) -> None:
    """Move vertices onto the exact surface, in place: along `upright` in even cells, else along the gradient."""
    distance = field.distance(vertices)
    off = np.flatnonzero(np.abs(distance) > NEAR * step)
    asked = off[~even[off]]
    lean = upright.copy()
    lean[asked] = field.gradient(vertices[asked], step * REACH)
    _move(vertices, off, lean, distance, np.float32(step / 2))


@compiled
def _move(vertices: Floats, off: Ints, lean: Floats, distance: Floats, most: np.float32) -> None:
    for vertex in off:
        way = min(max(distance[vertex], -most), most)
        for k in range(3):
            vertices[vertex, k] -= lean[vertex, k] * way
