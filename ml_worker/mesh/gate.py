"""Nothing that is not a clean solid is handed out."""

import numpy as np

from ml_worker.engines.port import Permanent
from ml_worker.mesh.components import components
from ml_worker.mesh.faces import torn
from ml_worker.mesh.mesh import Mesh, directed_edges, merge_by_position
from ml_worker.mesh.normals import twin_corners
from ml_worker.mesh.simplify import degenerate


def faults(mesh: Mesh) -> list[str]:
    """What is wrong with a mesh as its readers will see it (float32, corners welded by position); [] when nothing."""
    found = []
    if not len(mesh.faces):
        return ["it has no faces"]
    if not np.isfinite(mesh.vertices).all():
        return ["it has corners that are not finite"]
    welded = merge_by_position(mesh)
    if torn(welded.faces, np.ones(len(welded.vertices), np.bool_)).any():
        found += _tears(welded)
    if degenerate(welded).any():
        found.append("it has faces without area")
    if welded.volume() <= 0:
        found.append("its volume is not positive")
    return found


def _tears(mesh: Mesh) -> list[str]:
    """How a mesh is torn."""
    found = []
    edges = directed_edges(mesh.faces).astype(np.int64)
    size = len(mesh.vertices)
    forward = np.sort(edges[:, 0] * size + edges[:, 1])
    backward = np.sort(edges[:, 1] * size + edges[:, 0])
    if (forward[1:] == forward[:-1]).any():
        found.append("an edge has more than two faces")
    if not np.array_equal(np.unique(forward), np.unique(backward)):
        found.append("it is not watertight")
    if pinched_vertices(mesh):
        found.append("two parts touch in a single point")
    return found


def pinched_vertices(mesh: Mesh) -> int:
    """Vertices whose faces form more than one fan: the surface is no 2-manifold there."""
    one, two = twin_corners(mesh.faces)
    fans, _ = components(len(mesh.faces) * 3, one, two)
    return fans - len(np.unique(mesh.faces))


def require_clean(mesh: Mesh) -> None:
    """Raises Permanent `mesh-invalid`."""
    wrong = faults(mesh)
    if wrong:
        raise Permanent("mesh-invalid", f"The finished surface is not clean: {'; '.join(wrong)}.")


def assert_printable(mesh: Mesh) -> None:
    """For tests: watertight, 2-manifold, wound outwards, without degenerate faces, finite."""
    wrong = faults(mesh)
    assert not wrong, "; ".join(wrong)
