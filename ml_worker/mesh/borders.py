"""Cutting triangles where glass meets something else, for files whose materials go by triangle.

Colours meet within a texture, but what can be seen through needs a material, and with it triangles, of its own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.mesh import Floats, Ints, Mesh
from ml_worker.mesh.simplify import THIN, degenerate

Array = npt.NDArray[Any]
Kind = Callable[[Array], Array]
"""(N, 3) float32 points on the surface -> (N,) what is there."""
PASSES = 4
"""An edge is cut once a pass; few cross more borders than that."""
SAMPLES = np.linspace(0.03, 0.97, 13)
BISECTIONS = 10
FLAT = 20 * THIN
"""A piece lower than this share of the longest side is not made."""
LEAST = 1e-3
"""Share of the longest side: no piece of an edge becomes shorter."""


def cut_at_borders(mesh: Mesh, kind: Kind, watch: Callable[[], None] = lambda: None) -> Mesh:
    """The same surface; hardly a triangle shows two kinds. A closed mesh stays closed: faces share their cuts."""
    vertices, faces = mesh.vertices, mesh.faces.astype(np.int64)
    least = float(np.ptp(vertices, axis=0).max()) * LEAST
    on_border = np.zeros(len(vertices), bool)
    fresh = np.ones(len(faces), bool)
    whole_edges = np.empty(0, np.int64)
    for _ in range(PASSES):
        watch()
        corners = np.sort(np.stack([faces[fresh], np.roll(faces[fresh], -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
        edges, of_side = np.unique(corners, axis=0, return_inverse=True)
        keys = edges[:, 0] << 32 | edges[:, 1]
        open_ = ~on_border[edges].all(axis=1) & ~np.isin(keys, whole_edges)
        rows, place = _crossings(vertices, edges, np.flatnonzero(open_), kind, least)
        while len(rows):
            number = np.full(len(edges), -1, np.int64)
            number[rows] = len(vertices) + np.arange(len(rows))
            grown = np.concatenate([vertices, place])
            pieces, whole, sides = _divided(faces[fresh], number[of_side.reshape(-1, 3)], grown)
            flat = np.unique(sides[degenerate(Mesh(grown, pieces.astype(np.int32)), FLAT)])
            if not len(flat):
                break
            # What would have no area stays whole, and so does what is on the other side of those edges.
            kept = ~np.isin(number[rows], flat)
            whole_edges = np.concatenate([whole_edges, keys[rows[~kept]]])
            rows, place = rows[kept], place[kept]
        if not len(rows):
            break
        vertices, on_border = grown, np.concatenate([on_border, np.ones(len(place), bool)])
        settled = np.concatenate([faces[~fresh], whole])
        fresh = np.arange(len(settled) + len(pieces)) >= len(settled)
        faces = np.concatenate([settled, pieces])
    return Mesh(vertices, faces.astype(np.int32))


def _crossings(vertices: Floats, edges: Ints, open_: Ints, kind: Kind, least: float) -> tuple[Ints, Floats]:
    """Which of the edges (E, 2), of those that are `open_`, cross a border, and where they first do."""
    start, along = vertices[edges[:, 0]], vertices[edges[:, 1]] - vertices[edges[:, 0]]
    length = np.linalg.norm(along, axis=1)
    open_ = open_[length[open_] > 2 * least]
    points = start[open_, None] + along[open_, None] * SAMPLES[None, :, None]
    found = kind(points.reshape(-1, 3).astype(np.float32)).reshape(len(open_), -1)
    changes = found[:, 1:] != found[:, :-1]
    crossing = np.flatnonzero(changes.any(axis=1))
    first = changes[crossing].argmax(axis=1)
    rows, before = open_[crossing], found[crossing, first]
    low, high = SAMPLES[first], SAMPLES[first + 1]
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        same = kind((start[rows] + along[rows] * middle[:, None]).astype(np.float32)) == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    margin = least / length[rows]
    at = np.clip((low + high) / 2, margin, 1 - margin)
    return rows, start[rows] + along[rows] * at[:, None]


def _divided(faces: Ints, cuts: Ints, vertices: Floats) -> tuple[Ints, Ints, Ints]:
    """`cuts` (F, 3): the new vertex on each side (corner to next corner) or -1.

    The pieces (P, 3), the faces that have no cuts, and (P, 3) the cuts of the face that each piece is of.
    """
    count = (cuts >= 0).sum(axis=1)
    pieces, owners = [], []
    for sides in (1, 2, 3):
        chosen = count == sides
        # Turned so that the sides with cuts come first.
        turn = np.argmax(cuts[chosen] >= 0, axis=1) if sides == 1 else (np.argmin(cuts[chosen] >= 0, axis=1) + 1) % 3
        order = (turn[:, None] + np.arange(3)) % 3
        a, b, c = np.take_along_axis(faces[chosen], order, axis=1).T
        x, y, z = np.take_along_axis(cuts[chosen], order, axis=1).T
        if sides == 1:
            pieces += [(a, x, c), (x, b, c)]
        elif sides == 3:
            pieces += [(a, x, z), (x, b, y), (z, y, c), (x, y, z)]
        else:
            short = np.linalg.norm(vertices[a] - vertices[y], axis=1) < np.linalg.norm(
                vertices[x] - vertices[c], axis=1
            )
            pieces += [(x, b, y), (a, x, np.where(short, y, c)), (np.where(short, a, x), y, c)]
        owners += [cuts[chosen]] * (sides + 1)
    parts = np.concatenate([np.stack(piece, axis=1) for piece in pieces])
    return parts, faces[count == 0], np.concatenate(owners)
