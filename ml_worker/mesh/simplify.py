"""Fewer faces for the same shape: manifold3d's error-bounded edge collapse.

The given tolerance takes away what a person could not see (flat parts shrink to a few triangles); it is raised until
the mesh is within its face budget. Collapses keep original vertices, which lie on the exact surface, so edges stay
where they were.
"""

import math
from collections.abc import Callable

import manifold3d
import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.engines.port import Permanent
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats, Ints, Mesh

BOUND = 0.006
"""Collapses may not move the surface farther than this share of the longest side, whatever the face budget."""
LEAST_STEP = 1.03
"""Least factor by which the tolerance is raised: small, for the faces to come out near their budget."""
ANYWAY = 0.9
"""The share of the faces that one more step leaves at most, whatever its tolerance: it counts errors from where the
last one left the surface."""
FAR = 1.3
"""How many times the budget the granted tolerance leaves of a surface that is curved all over."""
CURVED, EDGED = 0.65, 0.22
"""The powers of 1 / tolerance with which the faces of such a surface go from there on, and those of one that is mostly
flat, where what is left lies along its edges. Later steps know the power of the last one."""
SHALLOW = 0.3
"""Such a power is taken to be at least this, and at most 1."""
LARGEST_STEP = 2.0
"""Most: the powers are guesses, and far off for a mesh of many times its budget."""
ENOUGH = 0.85
"""The share of the budget below which a step counts as too long: it is taken again, shorter."""
SHORTER = 0.7
"""Where the shorter steps begin, as a share of the last tolerance that left too many faces."""
SPARE = 0.985
"""The share of the budget that is aimed at: one more step for a few faces too many costs more than they are worth."""
THIN = 1e-6
"""Faces lower than this share of the longest side count as degenerate (float32 has 6e-8)."""


class Simplified(msgspec.Struct, frozen=True, eq=False):
    mesh: Mesh
    tolerance: float
    """Metres: how far collapses were allowed to move the surface."""


def as_manifold(mesh: Mesh) -> manifold3d.Manifold:
    """Raises Permanent `mesh-invalid` when the faces do not close a volume."""
    solid = manifold3d.Manifold(
        manifold3d.Mesh(np.ascontiguousarray(mesh.vertices, np.float32), np.ascontiguousarray(mesh.faces, np.uint32))
    )
    if solid.status() != manifold3d.Error.NoError or solid.is_empty():
        raise Permanent("mesh-invalid", "The surface does not close a volume.")
    return solid


def from_manifold(solid: manifold3d.Manifold) -> Mesh:
    data = solid.to_mesh()
    vertices = np.asarray(data.vert_properties, np.float64)[:, :3]
    return Mesh(vertices, np.asarray(data.tri_verts).astype(np.int32))


def degenerate(mesh: Mesh, thin: float = THIN) -> npt.NDArray[np.bool_]:
    """(F,) bool: faces whose height over their longest side is next to nothing."""
    found = np.empty(len(mesh.faces), np.bool_)
    _flat(mesh.vertices, mesh.faces, thin * float(np.ptp(mesh.vertices, axis=0).max()), found)
    return found


@compiled
def _flat(vertices: Floats, faces: Ints, least: float, found: npt.NDArray[np.bool_]) -> None:
    for face in range(len(faces)):
        a, b, c = vertices[faces[face, 0]], vertices[faces[face, 1]], vertices[faces[face, 2]]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        wx, wy, wz = c[0] - b[0], c[1] - b[1], c[2] - b[2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        longest = max(ux * ux + uy * uy + uz * uz, vx * vx + vy * vy + vz * vz, wx * wx + wy * wy + wz * wz)
        found[face] = math.sqrt(x * x + y * y + z * z) <= math.sqrt(longest) * least


def simplify(mesh: Mesh, target_faces: int, tolerance: float, watch: Callable[[], None] = lambda: None) -> Simplified:
    """At most `target_faces` faces as far as BOUND allows; `tolerance` (metres) is granted in any case."""
    bound = max(BOUND * float(np.ptp(mesh.vertices, axis=0).max()), tolerance)
    watch()
    solid = as_manifold(mesh).simplify(tolerance)
    before = None
    while solid.num_tri() > target_faces and tolerance < bound:
        watch()
        over, last = solid, tolerance
        tolerance = min(last * _step(solid.num_tri(), last, before, target_faces), bound)
        before = solid.num_tri(), last
        # What has been simplified before is soon simplified further.
        solid = over.simplify(tolerance)
    if before is not None:
        solid, tolerance = _not_too_far(over, before[1], solid, tolerance, target_faces, watch)
    result = from_manifold(solid)
    for _ in range(4):
        if not degenerate(result).any():
            break
        watch()
        solid = solid.simplify(tolerance * 0.1)
        tolerance *= 1.1
        result = from_manifold(solid)
    return Simplified(result, tolerance)


def _step(count: int, tolerance: float, before: tuple[int, float] | None, target_faces: int) -> float:
    """By which factor the tolerance is raised, for so many faces to come down to the budget; `before`: the last."""
    if before is None:
        power = CURVED if count > FAR * target_faces else EDGED
    else:
        seen = math.log(before[0] * ANYWAY / count) / math.log(tolerance / before[1])
        power = min(max(seen, SHALLOW), 1.0)
    over = max(count * ANYWAY / (target_faces * SPARE), 1.0)
    factor: float = over ** (1 / power)
    return min(max(factor, LEAST_STEP), LARGEST_STEP)


def _not_too_far(
    over: manifold3d.Manifold, last: float, solid: manifold3d.Manifold, tolerance: float, target_faces: int,
    watch: Callable[[], None],
) -> tuple[manifold3d.Manifold, float]:  # fmt: skip
    """`solid`, or what shorter steps than its `tolerance` make of `over`, which had too many faces at `last`."""
    low, high = last * SHORTER, tolerance
    while solid.num_tri() < ENOUGH * target_faces and high > low * LEAST_STEP:
        watch()
        middle = math.sqrt(low * high)
        tried = over.simplify(middle)
        if tried.num_tri() > target_faces:
            low = middle
        else:
            solid, high = tried, middle
    return solid, max(last, high)
