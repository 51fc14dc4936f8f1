"""Binary STL for printing: millimetres, Z up, front towards -Y (the convention of slicers)."""

import numpy as np

from ml_worker.mesh.mesh import Floats, Mesh

RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float64)
"""(x, y, z) with Y up -> (x, -z, y)."""


def printed(mesh: Mesh) -> Floats:
    """(V, 3): the vertices as printers want them."""
    return (mesh.vertices.astype(np.float32).astype(np.float64) * 1000) @ Z_UP.T


def write_stl(mesh: Mesh, name: str) -> bytes:
    turned = Mesh(printed(mesh), mesh.faces)
    records = np.zeros(len(mesh.faces), RECORD)
    records["normal"] = turned.face_normals()
    records["corners"] = turned.corners()
    header = f"{name}, millimetres, Z up".encode("ascii", "replace")[:80].ljust(80, b" ")
    return header + np.uint32(len(records)).tobytes() + records.tobytes()
